/**
 * Programs of the pods of a replicated Redis: how a server and a Sentinel start, and how a primary hands over before it
 * stops. POSIX shell with `redis-cli`, `awk`, `grep` and `sort`, which the image has. Pure text.
 */
import { QUORUM } from "../../../budget/caching/plan-redis";
import { REDIS_PATHS } from "./redis-conf";
import { SENTINEL_PATHS, type Member } from "./sentinel-conf";

/** What the scripts depend on. Paths differ in tests only. */
export interface ReplicationScriptsArgs {
  readonly masterName: string;
  readonly members: readonly Member[];
  /** redis.conf. @default "/etc/redis/redis.conf" */
  readonly config?: string;
  /** Working directory of the server. @default "/data" */
  readonly directory?: string;
  /** Settings of the Sentinels. @default "/etc/redis/sentinel.conf" */
  readonly sentinelConfig?: string;
  /** What this Sentinel knows. @default "/data/sentinel.conf" */
  readonly sentinelState?: string;
}

/** File names in the ConfigMap. */
export const SCRIPTS = {
  members: "members.sh",
  startServer: "start-server.sh",
  startSentinel: "start-sentinel.sh",
  handOver: "hand-over.sh",
} as const;

/** How long a primary refuses writes at most while it hands over, seconds. */
export const HAND_OVER_SECONDS = 20;

/** How long a member that stops waits at most, before that, until the others have their copies, seconds. */
export const COPY_SECONDS = 60;

/** All scripts by file name. */
export function replicationScripts(args: ReplicationScriptsArgs): Record<string, string> {
  return {
    [SCRIPTS.members]: membersScript(args),
    [SCRIPTS.startServer]: START_SERVER,
    [SCRIPTS.startSentinel]: START_SENTINEL,
    [SCRIPTS.handOver]: HAND_OVER,
  };
}

/** How many Sentinels decide, as a line of the script. */
export function quorumLine(): string {
  return `quorum='${QUORUM}'`;
}

/** What the others share: who the members are, which one this is, and what is known about the primary. */
function membersScript(args: ReplicationScriptsArgs): string {
  const { masterName, members } = args;
  const list = members.map(({ host, port, sentinelPort }, i) => `${i} ${host} ${port} ${sentinelPort}`);
  return `# Members: number, host, port of the server, port of the Sentinel.
members='${list.join("\n")}'
master='${masterName}'
${quorumLine()}
config='${args.config ?? REDIS_PATHS.config}'
data='${args.directory ?? REDIS_PATHS.data}'
settings='${args.sentinelConfig ?? SENTINEL_PATHS.settings}'
state='${args.sentinelState ?? SENTINEL_PATHS.state}'

# The number at the end of a StatefulSet's pod.
self="\${POD_NAME##*-}"

field() { # number of a member, column
  echo "$members" | awk -v n="$1" -v c="$2" '$1 == n { print $c }'
}

own_host=$(field "$self" 2)
own_port=$(field "$self" 3)
own_sentinel_port=$(field "$self" 4)
if [ -z "$own_host" ]; then
  echo "$POD_NAME is none of the members" >&2
  exit 1
fi

others() {
  echo "$members" | awk -v n="$self" '$1 != n'
}

ask() { # host, port, command
  at="-h $1 -p $2"
  shift 2
  timeout 2 redis-cli $at --raw "$@" </dev/null 2>/dev/null
}

# "epoch host port" of the primary as each Sentinel of the other members has it. "sentinel master" names the former one,
# with the epoch of the new one, until all replicas follow that. The address is asked last, or it could be older than the
# epoch.
told() {
  others | while read -r _ host _ port; do
    epoch=$(ask "$host" "$port" sentinel master "$master" | awk 'NR % 2 && $0 == "config-epoch" { getline; print }')
    [ -n "$epoch" ] || continue
    address=$(ask "$host" "$port" sentinel get-master-addr-by-name "$master" | tr '\\n' ' ')
    echo "$epoch $address"
  done | awk 'NF == 3 { print $1, $2, $3 }'
}

# The same as the Sentinel of this member had it last.
remembered() {
  if [ -s "$state" ]; then
    awk -v m="$master" '
      $1 == "sentinel" && $2 == "monitor" && $3 == m { host = $4; port = $5 }
      $1 == "sentinel" && $2 == "config-epoch" && $3 == m { epoch = $4 }
      END { if (host != "") print epoch + 0, host, port }' "$state"
  fi
}

# Each fail-over has a higher epoch than the one before: what the highest says is true, whoever says it.
newest() {
  sort -rn | head -n 1
}
`;
}

const START_SERVER = `#!/bin/sh
# Starts the server as what the Sentinels say it is. They are the only ones who decide.
set -eu
. "\${0%/*}/members.sh"

while :; do
  alive=$(told)
  known=$( (echo "$alive"; remembered) | grep . | newest) || known=''
  # The very first start of all: the member with number 0 begins.
  [ -n "$known" ] || known="0 $(field 0 2) $(field 0 3)"
  primary=$(echo "$known" | cut -d ' ' -f 2,3)
  [ "$primary" = "$own_host $own_port" ] || break
  # An empty volume must not pass for the data of all: the replicas would throw theirs away. The Sentinels that are there
  # replace a primary that does not come back.
  if [ -d "$data/appendonlydir" ] || ! echo "$alive" | grep -q .; then break; fi
  echo "this member is the primary and has lost its data; waiting until another one is primary" >&2
  sleep 1
done

set -- "$config" --replica-announce-ip "$own_host" --replica-announce-port "$own_port"
if [ "$primary" != "$own_host $own_port" ]; then
  set -- "$@" --replicaof $primary
fi
exec redis-server "$@"
`;

const START_SENTINEL = `#!/bin/sh
# Starts the Sentinel with what it knew before, or with what the others know now.
set -eu
umask 077
. "\${0%/*}/members.sh"

# Until the own name can be resolved nobody could be told it.
tries=0
until getent hosts "$own_host" >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    echo "$own_host cannot be resolved" >&2
    exit 1
  fi
  sleep 1
done

known=$( (told; remembered) | grep . | newest) || known=''
[ -n "$known" ] || known="0 $(field 0 2) $(field 0 3)"
set -- $known

# The settings come from the ConfigMap at every start; only what this Sentinel has learnt is kept. It must not forget its
# name and its votes, or it could vote twice.
{
  echo "include $settings"
  echo "sentinel announce-ip $own_host"
  echo "sentinel announce-port $own_sentinel_port"
  echo "sentinel monitor $master $2 $3 $quorum"
  echo "sentinel config-epoch $master $1"
  # All members are known beforehand, also those whose names cannot be resolved while they are away.
  echo "$members" | while read -r _ host port _; do
    [ "$host $port" = "$2 $3" ] || echo "sentinel known-replica $master $host $port"
  done
  if [ -s "$state" ]; then
    grep -E '^sentinel (myid|current-epoch|leader-epoch|known-sentinel) ' "$state" || true
  fi
} >"$state.new"
mv "$state.new" "$state"
exec redis-server "$state" --sentinel
`;

const HAND_OVER = `#!/bin/sh
# Before a server stops: a primary lets another member take its place, and loses no write that it has confirmed.
set -u
. "\${0%/*}/members.sh"

cli() {
  timeout 5 redis-cli -h "$own_host" -p "$own_port" --raw "$@" </dev/null 2>/dev/null
}

# Of the other members that answer, whether "all", "some" or "none" have their copy, up to an offset; or "nobody" answers.
copies() { # offset
  others | while read -r _ host port _; do
    ask "$host" "$port" role | tr '\\n' ' '
    echo
  done | awk -v offset="$1" '
    NF { members++ }
    $1 == "master" || ($1 == "slave" && $4 == "connected" && $5 + 0 >= offset + 0) { have++ }
    END { print members == 0 ? "nobody" : have == members ? "all" : have ? "some" : "none" }'
}

# Asks one Sentinel after the other, until one begins a fail-over.
begin() {
  others | while read -r _ host _ port; do
    if timeout 2 redis-cli -e -h "$host" -p "$port" sentinel failover "$master" </dev/null >/dev/null 2>&1; then
      echo "$host $port"
      break
    fi
  done
}

# "host port" of another member, once a Sentinel calls it the primary.
successor() {
  others | while read -r _ host _ port; do
    ask "$host" "$port" sentinel get-master-addr-by-name "$master" | tr '\\n' ' '
    echo
  done | awk -v own="$own_host $own_port" 'NF == 2 && $1 " " $2 != own { print $1, $2; exit }'
}

# A member is ready before it has its copy. To stop the only one beside it that has everything would be an outage, and the
# Sentinels might promote the one that has not.
enough=all
now=$(date +%s)
while :; do
  case "$(copies 0)" in all | nobody) break ;; esac
  if [ "$(date +%s)" -ge $((now + ${COPY_SECONDS})) ]; then
    # One that never gets its copy must not hold up the others.
    enough='all some'
    break
  fi
  sleep 0.5
done

[ "$(cli role | head -n 1)" = master ] || exit 0
now=$(date +%s)
# Writes wait here; when this server is a replica they are refused, and clients repeat them at the new primary.
cli client pause ${HAND_OVER_SECONDS}000 write >/dev/null
begun=''
while [ "$(date +%s)" -lt $((now + ${HAND_OVER_SECONDS})) ]; do
  if [ -z "$begun" ]; then
    offset=$(cli role | sed -n 2p)
    have=none
    [ -z "$offset" ] || have=$(copies "$offset")
    case " $enough " in *" $have "*) begun=$(begin) ;; esac
  fi
  new=$(successor)
  if [ -n "$new" ]; then
    # The Sentinels would say the same in a moment. Until then a write that waits here could still be confirmed.
    cli replicaof $new >/dev/null
    break
  fi
  sleep 0.2
done
cli client unpause >/dev/null
exit 0
`;
