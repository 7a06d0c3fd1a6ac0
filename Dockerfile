# Two images: `separate` (a few hundred MB, no more than the command needs) and `train` (with Open MPI, for several processes).
#
#     docker build --target separate -t divisi .
#     docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/work" divisi separate song.mp3
#
# docs/training-at-scale.md says how to train in them, on several hosts and on GPUs. test/container builds both, where it can.

# Any image of Debian or Ubuntu with Node 20.19 or later and a user `node`.
ARG NODE_IMAGE=node:22-bookworm-slim

# The command, built from its sources.
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY scripts/cuda-on-request scripts/cuda-on-request
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsdown.config.ts ./
COPY src src
RUN npm run build && chmod +x dist/cli/main.js
# Of the packages those that it runs on, without what is for browsers and for other systems.
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/onnxruntime-web node_modules/onnxruntime-node/bin/*/darwin node_modules/onnxruntime-node/bin/*/win32

FROM ${NODE_IMAGE} AS separate
# For files of other kinds than WAV, FLAC, MP3, Ogg and Opus: --build-arg PACKAGES=ffmpeg.
ARG PACKAGES=""
RUN if [ -n "$PACKAGES" ]; then \
      apt-get update -qq && apt-get install -y -qq --no-install-recommends $PACKAGES && rm -rf /var/lib/apt/lists/*; \
    fi
WORKDIR /app
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
# What ONNX Runtime's install script asks for, where it is to fetch CUDA libraries.
COPY scripts/cuda-on-request scripts/cuda-on-request
COPY package.json LICENSE THIRD_PARTY_NOTICES.md ./
COPY models models
RUN ln -s /app/dist/cli/main.js /usr/local/bin/divisi
# ONNX Runtime reports its use to Microsoft unless it is told not to.
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1
USER node
WORKDIR /work
ENTRYPOINT ["divisi"]
CMD ["--help"]

FROM separate AS train
USER root
# ssh: how mpirun starts processes on other hosts.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends openmpi-bin openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY recipes /app/recipes
USER node
CMD ["train", "--help"]
