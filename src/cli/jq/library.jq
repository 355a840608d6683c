# What jq has and the libraries do not, or do otherwise.
def leaf_paths: paths(scalars);
def toarray: if isarray then . else [.] end;
def ltrimstr($x): if isstring and ($x | isstring) and startswith($x) then .[($x | length):] else . end;
def rtrimstr($x): if isstring and ($x | isstring) and endswith($x) then .[:length - ($x | length)] else . end;
def trimstr($x): ltrimstr($x) | rtrimstr($x);
def ascii: [.] | implode;
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
def INDEX(f): INDEX(.[]; f);
def join($s):
  if length == 0 then ""
  else reduce .[1:][] as $x (.[0] | if . == null then "" else tostring end;
    . + $s + ($x | if . == null then "" else tostring end))
  end;
def date: todate;
# What stands for l / r in an expression.
def quotient_(l; r): r as $r | l as $l |
  if $r == 0 and ($r | isnumber) and ($l | isnumber)
  then error("number (\($l | tojson)) and number (\($r | tojson)) cannot be divided because the divisor is zero")
  else $l / $r end;
def @base32: tostring | encode_base32;
def @base32d: tostring | decode_base32;
def @csv: [.[] |
    if . == null then ""
    elif isstring then "\"" + (split("\"") | join("\"\"")) + "\""
    elif isarray or isobject then error("\(tojson) cannot stand in a line of CSV")
    else tostring end] | join(",");
def @tsv: [.[] |
    if . == null then ""
    elif isarray or isobject then error("\(tojson) cannot stand in a line of TSV")
    else tostring
      | split("\\") | join("\\\\") | split("\t") | join("\\t") | split("\n") | join("\\n") | split("\r") | join("\\r")
    end] | join("\t");
