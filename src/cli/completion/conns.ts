/**
 * Names of the conns in a configuration file and in what it includes, by sh and awk: a shell that completes asks at
 * every TAB, and Node takes longer to start than this to read ten thousand of them. bash expands what it is offered, and
 * what is completed is on a command line: a name that means more than itself to a shell is left to be typed.
 */
export const CONNS_SH = String.raw`files=$1
for depth in 1 2 3 4; do
  [ -n "$files" ] || break
  found=$(LC_ALL=C awk '/^conn[ \t]/ && $2 !~ /^%/ { gsub(/"/, "", $2)
      if ($2 !~ /[^-A-Za-z0-9_.:@%+=,\/\200-\377]/) print "c " $2 }
    /^[ \t]*include[ \t]/ { gsub(/"/, "", $2); dir = FILENAME; sub(/[^\/]*$/, "", dir)
      print "i " ($2 ~ /^\// ? $2 : dir $2) }' $files 2>/dev/null)
  printf "%s\n" "$found" | sed -n "s/^c //p"
  files=
  for file in $(printf "%s\n" "$found" | sed -n "s/^i //p" | sort -u); do
    [ -f "$file" ] && [ -r "$file" ] && files="$files $file"
  done
done
exit 0`;

/** For a shell's single quotes. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
