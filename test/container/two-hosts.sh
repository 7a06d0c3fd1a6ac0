#!/usr/bin/env bash
# Runs a command as two ranks on two "hosts": network namespaces with names and addresses of their own, joined by nothing but a virtual cable. What
# ssh does between real hosts, a launch agent does here: it runs the command in the other namespace. Needs root.
#
#     test/container/two-hosts.sh node …
set -euo pipefail

id=$$
here=divisi-a-$id
there=divisi-b-$id
folder=$(mktemp -d)
remove() {
  ip netns del "$here" 2>/dev/null || true
  ip netns del "$there" 2>/dev/null || true
  rm -rf "$folder"
}
trap remove EXIT

ip netns add "$here"
ip netns add "$there"
ip link add "va$id" netns "$here" type veth peer name "vb$id" netns "$there"
address() {
  ip -n "$1" addr add "$3" dev "$2"
  ip -n "$1" link set "$2" up
  ip -n "$1" link set lo up
}
address "$here" "va$id" 10.77.0.1/24
address "$there" "vb$id" 10.77.0.2/24

# What mpirun calls in place of ssh: agent HOST COMMAND…
cat >"$folder/agent" <<AGENT
#!/usr/bin/env bash
shift
exec ip netns exec $there unshare --uts bash -c 'hostname divisi-b; exec bash -c "\$0"' "\$*"
AGENT
chmod +x "$folder/agent"
printf '10.77.0.1 slots=1\n10.77.0.2 slots=1\n' >"$folder/hostfile"

# Each in a session of its own: what shared memory there is on this machine is not between them, for their host names differ.
ip netns exec "$here" unshare --uts bash -c 'hostname divisi-a; exec "$@"' bash \
  mpirun --allow-run-as-root -n 2 --hostfile "$folder/hostfile" --map-by node --bind-to none \
  --mca plm_rsh_agent "$folder/agent" --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 "$@"
