# Reads TRX files (dotnet test --logger trx) and prints, tab separated:
#   passed N / failed N / skipped N                one line each
#   F <test> <message>  and  S <test> <reason>     one line for each failed and each skipped test
# Counts the results themselves: the Counters element of a TRX file forgets the skipped ones.
BEGIN { RS = "<"; passed = failed = skipped = 0; inside = 0 }

function attribute(name,    pattern, value) {
  pattern = "[ \t\n]" name "=\"[^\"]*\""
  if (!match($0, pattern)) return ""
  value = substr($0, RSTART, RLENGTH)
  sub(/^[^"]*"/, "", value); sub(/"$/, "", value)
  return value
}

function plain(text) {
  gsub(/&#x[0-9A-Fa-f]+;/, " ", text)
  gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&quot;/, "\"", text); gsub(/&apos;/, "'", text)
  gsub(/&amp;/, "\\&", text)
  gsub(/[\r\n\t]+/, " ", text); gsub(/ +/, " ", text); sub(/^ /, "", text); sub(/ $/, "", text)
  return text
}

# Everything after the first '>' that is not inside an attribute. Element names with text have no attributes here.
function text_of(    position) {
  position = index($0, ">")
  return position ? substr($0, position + 1) : ""
}

function close_result() {
  if (!inside) return
  if (outcome == "Passed" || outcome == "PassedButRunAborted") passed++
  else if (outcome == "NotExecuted" || outcome == "Inconclusive" || outcome == "NotRunnable") {
    skipped++
    print "S\t" plain(name) "\t" plain(message != "" ? message : output)
  } else {
    failed++
    print "F\t" plain(name) "\t" plain(message != "" ? message : outcome)
  }
  inside = 0
}

/^UnitTestResult[ \t\n]/ {
  close_result()
  name = attribute("testName"); outcome = attribute("outcome"); message = ""; output = ""
  inside = 1
  if ($0 ~ /\/>[ \t\r\n]*$/) close_result()
  next
}
/^\/UnitTestResult>/ { close_result(); next }
inside && /^Message[ \t\n>]/ { message = text_of(); next }
inside && /^StdOut[ \t\n>]/ { output = text_of(); next }
END {
  close_result()
  print "passed\t" passed; print "failed\t" failed; print "skipped\t" skipped
}
