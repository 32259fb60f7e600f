#!/usr/bin/env bash
# Looks at what is (or is about to be) under version control for things that must not be there.
#
# Usage: scripts/check-repository.sh [--help]
#
# Fails on: package-feed addresses other than nuget.org, absolute paths of somebody's machine, things that look like
# secrets, forbidden names (Common, Utils, Helpers, Manager, Misc), files that .gitignore excludes but git tracks,
# projects that Pipeline.sln does not know, scripts that are not executable.
#
# A line that must stay as it is carries the words 'repository-check: allow'.
# Exit codes: 0 clean, 1 something found (each line says where), 2 usage.
set -euo pipefail
# shellcheck source=scripts/functions/console.sh
. "$(dirname "${BASH_SOURCE[0]}")/functions/console.sh"
case ${1:-} in
  "") ;;
  -h | --help) print_help "$0"; exit 0 ;;
  *) usage_error "unknown option '$1'" ;;
esac
cd "$REPOSITORY_ROOT"

if ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  say "Repository check: not a git checkout (a source archive); nothing to check."
  exit 0
fi

files=$(mktemp) all_findings=$(mktemp)
trap 'rm -f "$files" "$all_findings"' EXIT

# report TITLE, with one finding per line on stdin
report() {
  local findings
  findings=$(grep -v 'repository-check: allow' || true)
  [ -n "$findings" ] || return 0
  printf '%s\n' "$findings" >>"$all_findings"
  {
    printf 'error: %s\n' "$1"
    printf '%s\n' "$findings" | cut -c1-220 | sed 's/^/  /'
  } >&2
}

# Filters that may well find nothing, which is not an error here.
keep() { grep -E "$@" || true; }
drop() { grep -vE "$@" || true; }

# Tracked files and new ones that are not ignored: a mistake is found before it is committed.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  if [ -f "$file" ]; then printf '%s\0' "$file"; fi
done >"$files"

# search PATTERN [FILE GLOB TO LEAVE OUT]: extended regular expression, text files only, file:line:text.
search() {
  xargs -0 -r grep -InHE -e "$1" -- <"$files" 2>/dev/null | grep -v "^${2:-scripts/check-repository.sh}:" || true
}

# In pieces, so that this file does not find itself.
search 'https?://[^"'"'"' <>)]*/(v3/index\.json|nuget/v[23]|_packaging/|api/nuget/|repository/nuget)' | drop 'https://api\.nuget\.org/|127\.0\.0\.1|localhost|example\.(com|org)' |
  report "the address of a package feed. Feeds belong into the NuGet configuration of the machine:"
search '(^|[^A-Za-z0-9_./{}$-])(/work/|/home/[a-z]|/Users/[A-Za-z]|/root/[.a-z]|[A-Z]:\\Users\\)' |
  drop '/home/(app|runner|vscode|node)(/|"|$)|target=/root/\.nuget' |
  report "an absolute path of somebody's machine. Use a path relative to the repository:"
search '(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|xox[abp]-[0-9A-Za-z-]{10,}|sk-(ant-|proj-)[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{32,}|AIza[0-9A-Za-z_-]{35}|-----BEGIN [A-Z ]*PRIVATE KEY-----|eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.)' |
  report "this looks like a secret. Take it out, and consider it known to others from now on:"
search '(^|[^A-Za-z])(Password|Pwd|PASSWORD|API_KEY|ApiKey|SECRET)["'"'"']?[:=] *["'"'"']?[A-Za-z0-9+/_-]{12,}' |
  drop -i '(example|placeholder|change-?me|change_me|not-a-secret|for-tests|simulat|canary|dummy|fake|generated|environment|\$\{|\$\(|<[a-z-]+>|\.(cs|ts|js|py):[0-9]+:.*(=|:) *[A-Za-z_]+(\.|\(|;|,|$))' |
  report "this looks like a password or key with its value. Use an environment variable or a secret file:"
names='(Common|Utils|Utilities|Helper|Manager|Misc)'
tr '\0' '\n' <"$files" | keep "(^|/)[^/]*${names}s?([^a-z/][^/]*)?(/|$)|(^|[/._-])(common|utils?|helpers?|manager|misc)([/._-]|$)" |
  report "a name that says nothing (Common, Utils, Helpers, Manager, Misc). Name it after what it does:"
search "(class|record|struct|interface|enum|namespace) +([A-Za-z.]*\.)?[A-Za-z]*${names}s?([^A-Za-z]|$)" | keep '\.cs:' |
  report "a type or namespace with a name that says nothing (Common, Utils, Helpers, Manager, Misc):"
git ls-files --cached --ignored --exclude-standard |
  report "under version control although .gitignore excludes it (git rm --cached FILE):"
tr '\0' '\n' <"$files" | keep '(^|/)(\.env|.*\.pfx|.*\.p12|id_rsa|.*\.pem|.*\.key)$' |
  report "a file that usually holds secrets:"
if [ -f Pipeline.sln ]; then
  while IFS= read -r project; do
    grep -qiF "${project//\//\\}" Pipeline.sln || printf '%s\n' "$project"
  done < <(tr '\0' '\n' <"$files" | keep '^(src|tests)/.*\.csproj$') |
    report "a project that Pipeline.sln does not know (dotnet sln Pipeline.sln add PROJECT):"
  while IFS= read -r project; do
    [ -f "$project" ] || printf '%s\n' "$project"
  done < <(sed -n 's/.*"\([^"]*\.csproj\)".*/\1/p' Pipeline.sln | tr "\\\\" /) |
    report "Pipeline.sln names a project that does not exist:"
fi
tr '\0' '\n' <"$files" | keep '^(scripts/[^/]*\.sh|\.ci/run)$' | while IFS= read -r script; do
  [ -x "$script" ] || printf '%s\n' "$script"
done | report "a script that is not executable (chmod +x):"

if [ -s "$all_findings" ]; then
  fail "Repository check: $(wc -l <"$all_findings") finding(s), listed above."
fi
say "Repository check: clean."
