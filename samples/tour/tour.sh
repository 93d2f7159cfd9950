#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A tour of Parley: a server, a client, and what happens to each. Run as root
# where the module is loaded; tour-server and tour-client are next to this
# script. Exits with 0 if every step went as it should.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
work=$(mktemp -d) || exit 1
server=
broken=0

clean() {
	[ -z "$server" ] || kill -9 "$server" 2>/dev/null
	rm -r "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

# step COMMAND...: runs it, prints its verdict and its last words.
step() {
	if said=$("$@" 2>&1); then
		printf '  ok    %s\n' "$said"
	else
		printf '  FAIL  %s\n' "${said:-$*: no answer}"
		broken=$((broken + 1))
	fi
}

play() {
	timeout 60 "$here/tour-client" "$1" "$task"
}

module_info() {
	[ -c /dev/parley ] || { echo "/dev/parley: no such device (is the module loaded?)"; return 1; }
	read -r version </sys/module/parley/version || return 1
	echo "module parley $version on kernel $(uname -r)"
}

# The server says when it has a request that it will not answer.
server_holds() {
	timeout 20 grep -q holding <&3
}

play_deadline() {
	play deadline && server_holds
}

play_killed() {
	play killed &
	client=$!
	server_holds
	kill -9 "$server"
	wait "$client"
}

echo "A tour of Parley"
step module_info
mkfifo "$work/said" || exit 1
"$here/tour-server" >"$work/said" &
server=$!
exec 3<"$work/said"
if ! read -r task <&3; then
	echo "  FAIL  the server did not start"
	exit 1
fi
step play info
step play calls
step play notify
step play_deadline
step play_killed
step play gone

if [ "$broken" -eq 0 ]; then
	echo "Every step went as it should."
else
	echo "$broken of the steps went wrong."
	exit 1
fi
