# shellcheck shell=bash
# Processes that we started, and only those. Sourced, never run.
#
# A pid file holds "PID START", where START is when the kernel started that process: a pid that was given to somebody
# else after a crash is recognised and left alone.

process_start_time() {
  if [ -r "/proc/$1/stat" ]; then
    # Field 22; the command name in field 2 may contain blanks and parentheses, so count from the last ')'.
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
  else
    ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' '_' || true
  fi
}

# remember_process PIDFILE PID
remember_process() {
  printf '%s %s\n' "$2" "$(process_start_time "$2")" >"$1.tmp"
  mv "$1.tmp" "$1"
}

# is_gone PID: also true for a zombie, which has ended and only waits for its parent to notice.
is_gone() {
  kill -0 "$1" 2>/dev/null || return 0
  [ -r "/proc/$1/stat" ] && [ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1)" = Z ]
}

# running_pid PIDFILE: prints the pid when the remembered process is still the one that runs; removes a stale file.
running_pid() {
  local pid="" start=""
  [ -f "$1" ] || return 1
  read -r pid start <"$1" || true
  if [ -n "$pid" ] && [ -n "$start" ] && ! is_gone "$pid" && [ "$(process_start_time "$pid")" = "$start" ]; then
    printf '%s\n' "$pid"
    return 0
  fi
  rm -f "$1"
  return 1
}

# stop_process PIDFILE SECONDS [SIGNAL]: asks, waits, and only then kills. Nothing to do is success.
stop_process() {
  local pid signal=${3:-TERM}
  pid=$(running_pid "$1") || return 0
  kill -s "$signal" "$pid" 2>/dev/null || true
  if ! wait_until "$2" is_gone "$pid"; then
    warn "process $pid ($(basename "$1" .pid)) did not end within $2 s of SIG$signal and was killed"
    kill -s KILL "$pid" 2>/dev/null || true
    wait_until 10 is_gone "$pid" || warn "process $pid does not die"
  fi
  rm -f "$1"
}

# start_process PIDFILE LOGFILE COMMAND…: in a session of its own, so that a Ctrl-C for the script is not one for the process.
start_process() {
  local pid_file=$1 log_file=$2
  shift 2
  # Close the descriptors of a lock that the caller may hold: a child would keep it for as long as it lives.
  setsid "$@" </dev/null >>"$log_file" 2>&1 8>&- 9>&- &
  remember_process "$pid_file" "$!"
  disown "$!" 2>/dev/null || true
}
