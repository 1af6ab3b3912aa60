#!/bin/sh
# Stands in for the C compiler of another system where nothing is linked: each object is empty. What is asked without
# naming a file for the answer, such as which compiler it is, the one of this system answers.
last=
out=
for argument; do
  [ "$last" = -o ] && out=$argument
  last=$argument
done
if [ -n "$out" ]; then : > "$out"; else exec cc "$@"; fi
