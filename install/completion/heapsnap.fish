# fish completion for heapdump, heapdiff and heapquery. Commands and options are what --help of the installed tool
# lists, so they cannot differ from it.

function __heapsnap_commands
    $argv[1] --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *\([a-z].*\)/\1\t\2/p'
end

function __heapsnap_command
    set -l words (commandline -opc)
    set -l commands ($words[1] --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *[a-z].*/\1/p')
    for word in $words[2..-1]
        if contains -- $word $commands
            echo $word
            return 0
        end
    end
    return 1
end

function __heapsnap_options
    set -l words (commandline -opc)
    $words[1] (__heapsnap_command) --help 2>/dev/null |
        sed -n 's/^  *\(-[a-zA-Z], *\)\{0,1\}\(--[a-z][a-z-]*\).*/\2/p'
end

function __heapsnap_processes
    heapdump list --json 2>/dev/null |
        sed -n '/"can_snap": *true/s/.*"pid": *\([0-9]*\).*"command": *"\(\([^"\\\\]\|\\\\.\)*\)".*/\1\t\2/p'
end

function __heapsnap_after
    contains -- (commandline -opc)[-1] $argv
end

for tool in heapdump heapdiff heapquery
    complete -c $tool -f
    complete -c $tool -n "not __heapsnap_command" -a "(__heapsnap_commands $tool)"
    complete -c $tool -n "string match -q -- '-*' (commandline -ct)" -a "(__heapsnap_options)"
    complete -c $tool -n "not __heapsnap_after -p --pid --signal --values --budget" -k -a "(__fish_complete_suffix .db)"
    complete -c $tool -n "__heapsnap_after -p --pid" -a "(__heapsnap_processes)"
    complete -c $tool -n "__heapsnap_after --signal" -a "USR1 USR2 PROF RTMIN"
    complete -c $tool -n "__heapsnap_after --values" -a "names short full"
    complete -c $tool -n "__heapsnap_after --budget" -a "1366x768 1920x1080 40 0"
end
