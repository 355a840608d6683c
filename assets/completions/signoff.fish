# Completion of signoff for fish. Made by `signoff completions fish`.
complete -c signoff -f -k -a '(signoff __complete fish -- (commandline -opc) (commandline -ct | string unescape) 2>/dev/null)'
