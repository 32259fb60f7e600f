#!/usr/bin/env bash
# Finds out, by trying, what the configured NuGet feed can deliver, and writes it to build/feed.generated.props.
#
# Usage: scripts/detect-feed.sh [--force] [--quiet] [--help]
#
#   --force   look again even if there is a finding already
#   --quiet   print nothing but warnings and errors
#
# A full feed (nuget.org) needs no finding: without the file everything is restored. Some company mirrors lack a few
# packages; on those the build takes another way and says what that costs. The finding is renewed by itself when
# Directory.Packages.props or the rules in build/restricted-feed change. After a change of feed: --force.
#
# Exit codes: 0 found, 1 no usable feed, 2 usage.
set -euo pipefail
# shellcheck source=scripts/functions/console.sh
. "$(dirname "${BASH_SOURCE[0]}")/functions/console.sh"

force=false quiet=false
while [ $# -gt 0 ]; do
  case $1 in
    --force) force=true ;;
    --quiet) quiet=true ;;
    -h | --help) print_help "$0"; exit 0 ;;
    *) usage_error "unknown option '$1'" ;;
  esac
  shift
done

finding=$REPOSITORY_ROOT/build/feed.generated.props
probe=$REPOSITORY_ROOT/artifacts/feed-probe

is_current() {
  local input
  [ -f "$finding" ] || return 1
  while IFS= read -r input; do
    [ "$input" -nt "$finding" ] && return 1
  done < <(printf '%s\n' "$REPOSITORY_ROOT"/Directory.{Build.props,Build.targets,Packages.props} "$REPOSITORY_ROOT"/build/restricted-feed/*.{props,targets} "${BASH_SOURCE[0]}")
  return 0
}

property() { sed -n "s:.*<$1[^>]*>\(.*\)</$1>.*:\1:p" "$finding"; }

explain() {
  [ "$quiet" = false ] || return 0
  local feed sqlserver_left_out
  feed=$(property PipelineFeed) sqlserver_left_out=$(property LeaveOutSqlServer)
  if [ "$feed" = full ]; then
    say "Package feed: full."
  else
    say "Package feed: restricted. What that means for this build:"
    say "  - RabbitMQ.Client 7.1.2 in the place of 7.2.2; same API, same assembly version."
    if [ "$sqlserver_left_out" != true ]; then
      say "  - SQL Server without Entra interactive sign-in and without Always Encrypted enclaves."
    fi
    say "  - SQLite through SQLitePCLRaw 2.0.6 on the system's libsqlite3 (or the old SQLite it brings where there is none)."
  fi
  if [ "$sqlserver_left_out" = true ]; then
    warn "this feed cannot deliver Microsoft.EntityFrameworkCore.SqlServer: SQL Server is LEFT OUT of this build. PostgreSQL and SQLite are not affected."
  elif [ "$feed" = full ]; then
    say "  Nothing was left out."
  fi
}

if [ "$force" = false ] && is_current; then
  explain
  exit 0
fi

require_dotnet

# The probe lies inside the repository, so that the very same build rules and NuGet configuration apply to it.
mkdir -p "$probe"
trap 'rm -rf "$probe" "$REPOSITORY_ROOT/artifacts/obj/FeedProbe" "$finding.$$"' EXIT
cat >"$probe/FeedProbe.csproj" <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <UsesBus>true</UsesBus>
    <UsesDatabase>true</UsesDatabase>
    <UsesDatabaseProviders>true</UsesDatabaseProviders>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="MassTransit" />
    <PackageReference Include="MassTransit.RabbitMQ" />
    <PackageReference Include="Microsoft.EntityFrameworkCore.Relational" />
  </ItemGroup>
</Project>
PROJECT

# try FEED LEAVE_OUT_SQLSERVER: the answer is the exit code, the reasons are in the log.
try() {
  timeout 300 dotnet restore "$probe/FeedProbe.csproj" --force -nodeReuse:false \
    "-p:PipelineFeed=$1" "-p:LeaveOutSqlServer=$2" >"$probe/$1-$2.log" 2>&1
}

[ "$quiet" = true ] || say "Looking at what the package feed delivers …"
found=""
for attempt in "full false" "restricted false" "full true" "restricted true"; do
  read -r feed leave_out <<<"$attempt"
  if try "$feed" "$leave_out"; then
    found=$attempt
    break
  fi
  # A feed that does not answer at all will not answer three more times either.
  if grep -qE 'NU1301|NU1100' "$probe/$feed-$leave_out.log"; then
    break
  fi
done

if [ -z "$found" ]; then
  {
    say "The last restore said:"
    grep -hE 'error|NU[0-9]{4}' "$probe"/*.log | sed 's/^.*: error /  error /' | sort -u | head -12
  } >&2
  fail "No usable package feed. See which feeds are configured with 'dotnet nuget list source', check that one of them can be reached (proxy, sign-in), add one with 'dotnet nuget add source URL', then run $0 --force."
fi

cat >"$finding.$$" <<PROPS
<Project>
  <!-- Written by scripts/detect-feed.sh. Not under version control: it describes the feed of this machine. -->
  <PropertyGroup>
    <PipelineFeed Condition="'\$(PipelineFeed)' == ''">$feed</PipelineFeed>
    <LeaveOutSqlServer Condition="'\$(LeaveOutSqlServer)' == ''">$leave_out</LeaveOutSqlServer>
  </PropertyGroup>
</Project>
PROPS
mv "$finding.$$" "$finding"
explain
