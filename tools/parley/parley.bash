# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of parley(1) for bash.

_parley()
{
	local word=$2

	case $3 in
	-n|--count)	return ;;
	esac
	case $word in
	-*)	mapfile -t COMPREPLY < <(compgen -W "--json --numeric --count --help --version" \
			-- "$word") ;;
	*)	mapfile -t COMPREPLY < <(compgen -W "tasks stats watch help" -- "$word") ;;
	esac
}

complete -F _parley parley
