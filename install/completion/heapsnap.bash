# bash completion for heapdump, heapdiff and heapquery. Commands and options are what --help of the installed tool
# lists, so they cannot differ from it.

# The commands of a tool.
_heapsnap_commands() {
    "$1" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *[a-z].*/\1/p'
}

# The long options of a tool, or of its command.
_heapsnap_options() {
    "$@" --help 2>/dev/null | sed -n 's/^  *\(-[a-zA-Z], *\)\{0,1\}\(--[a-z][a-z-]*\).*/\2/p'
}

# Python processes that can be snapped: "PID COMMAND".
_heapsnap_processes() {
    heapdump list --json 2>/dev/null |
        sed -n '/"can_snap": *true/s/.*"pid": *\([0-9]*\).*"command": *"\(\([^"\\]\|\\.\)*\)".*/\1 \2/p'
}

_heapsnap() {
    local tool=$1 word=$2 before=$3 command="" i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            compopt -o default 2>/dev/null
            return
        fi
        if [[ -z $command && " $(_heapsnap_commands "$tool" | tr '\n' ' ') " == *" ${COMP_WORDS[i]} "* ]]; then
            command=${COMP_WORDS[i]}
        fi
    done
    case $before in
    -p | --pid)
        mapfile -t COMPREPLY < <(compgen -W "$(_heapsnap_processes | cut -d' ' -f1)" -- "$word")
        return
        ;;
    --values)
        mapfile -t COMPREPLY < <(compgen -W "names short full" -- "$word")
        return
        ;;
    --signal)
        mapfile -t COMPREPLY < <(compgen -W "USR1 USR2 PROF RTMIN" -- "$word")
        return
        ;;
    --budget)
        mapfile -t COMPREPLY < <(compgen -W "1366x768 1920x1080 40 0" -- "$word")
        return
        ;;
    -o | --output | --graph | --html | --baseline | --write-baseline)
        compopt -o default 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --label | --timeout | --every | --objects-every | --above | --limit | --type | -n | --limit | --like)
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_heapsnap_options "$tool" $command)" -- "$word")
        return
    fi
    compopt -o filenames 2>/dev/null
    local wanted='!*.db'
    [[ $command == plot ]] && wanted='!*.csv'
    mapfile -t COMPREPLY < <(compgen -f -X "$wanted" -- "$word"; compgen -d -- "$word")
    if [[ -z $command && $COMP_CWORD == 1 ]]; then
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$(_heapsnap_commands "$tool")" -- "$word")
    fi
}

complete -F _heapsnap heapdump heapdiff heapquery
