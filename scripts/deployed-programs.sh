#!/usr/bin/env bash
# Brings HAProxy, nginx, Valkey, mtail and the blackbox exporter of the lines that are deployed (components/shared/versions.ts)
# beside the system's own: packages of a newer Debian suite, unpacked into the cache and never installed. The config specs of
# the proxies run on these, with EVERY_VERSION on both.
# Without them, offline or on another system, the specs run on the system's own, and a line says so.
set -euo pipefail

SUITE=forky
# openssl is a client that knows what these servers offer.
PROGRAMS=(haproxy nginx valkey-server valkey-tools openssl mtail prometheus-blackbox-exporter)
# A suite moves: how old its index may be, in days, before it is asked again.
INDEX_DAYS=7

cache="${XDG_CACHE_HOME:-$HOME/.cache}/retrofitlink/deployed"
current="$cache/current"

without() {
  if [ -e "$current/versions" ]; then
    echo "deployed versions: $1; the specs run on what was unpacked before: $(cat "$current/versions")"
  else
    echo "deployed versions: $1; the specs run on the system's own programs only"
  fi
  exit 0
}

if [ -x "$current/bin/mtail" ] && [ -n "$(find "$cache/lists" -name '*InRelease' -mtime "-$INDEX_DAYS" 2>/dev/null)" ]; then
  exit 0
fi
command -v apt-get >/dev/null && command -v dpkg >/dev/null || without "this is no Debian"

mkdir -p "$cache/lists/partial" "$cache/archives/partial"
# The mirror that this machine uses already.
mirror=$(apt-get --print-uris update 2>/dev/null | sed -n "s#^'\([^']*/debian\)/dists/[^']*/InRelease'.*#\1#p" | head -n 1)
[ -n "$mirror" ] || without "apt knows no mirror of Debian"

signed_by=$(ls /usr/share/keyrings/debian-archive-keyring.* 2>/dev/null | head -n 1)
echo "deb [signed-by=$signed_by] $mirror $SUITE main" >"$cache/sources.list"
# As if nothing were installed, so that the libraries are among what is downloaded.
: >"$cache/status"
cat >"$cache/apt.conf" <<CONF
Dir::Etc::SourceList "$cache/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "$cache";
Dir::State::Lists "$cache/lists";
Dir::State::status "$cache/status";
Dir::Cache "$cache";
Dir::Cache::Archives "$cache/archives";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
// Mirrors that are snapshots, and machines whose clock is wrong. The signature is checked all the same.
Acquire::Check-Valid-Until "false";
// apt may delete what a second run of this script still unpacks.
APT::Keep-Downloaded-Packages "true";
CONF
export APT_CONFIG="$cache/apt.conf"

apt-get update -qq >/dev/null 2>"$cache/update.log" || without "no index of Debian $SUITE ($(head -n 1 "$cache/update.log"))"
candidate() { apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'; }
versions="haproxy-$(candidate haproxy) nginx-$(candidate nginx) valkey-$(candidate valkey-server) openssl-$(candidate openssl) mtail-$(candidate mtail) prometheus-blackbox-exporter-$(candidate prometheus-blackbox-exporter)"
case "$versions" in *"-(none)"* | *"- "*) without "Debian $SUITE lacks one of ${PROGRAMS[*]}" ;; esac
place="$cache/${versions//[ :]/_}"

if [ ! -e "$place/versions" ]; then
  echo "Unpacking $versions of Debian $SUITE into $place (40 MB, once)"
  apt-get install -qq -y --no-install-recommends --download-only "${PROGRAMS[@]}" patchelf >/dev/null 2>"$cache/update.log" ||
    without "Debian $SUITE cannot be downloaded ($(head -n 1 "$cache/update.log"))"
  root=$(mktemp -d "$cache/unpacking.XXXXXX")
  trap 'rm -rf "$root"' EXIT
  for package in "$cache"/archives/*.deb; do dpkg -x "$package" "$root"; done
  libraries=$(dirname "$(ls "$root"/usr/lib/*-linux-gnu/ld-linux-*.so.* | head -n 1)")
  loader=$(ls "$libraries"/ld-linux-*.so.* | head -n 1)
  mkdir "$root/bin"
  for program in "$root"/usr/sbin/{haproxy,nginx} "$root"/usr/bin/{valkey-server,valkey-cli,openssl,mtail,prometheus-blackbox-exporter}; do
    # Where it will be found, not where it is unpacked. valkey-server is a link.
    cp -L "$program" "$root/bin/"
    "$loader" --library-path "$libraries" "$root/usr/bin/patchelf" \
      --set-interpreter "$place${loader#"$root"}" --force-rpath --set-rpath "$place${libraries#"$root"}" \
      "$root/bin/$(basename "$program")"
  done
  ln -s valkey-server "$root/bin/redis-server"
  ln -s valkey-cli "$root/bin/redis-cli"
  # What documentation and translations take.
  rm -rf "$root"/usr/share "$cache"/archives/*.deb
  echo "$versions" >"$root/versions"
  mv -T "$root" "$place" 2>/dev/null || [ -e "$place/versions" ]
fi
ln -sfn "$place" "$current"
"$place/bin/haproxy" -v >/dev/null && "$place/bin/mtail" --version >/dev/null && "$place/bin/nginx" -v 2>/dev/null && "$place/bin/valkey-server" --version >/dev/null ||
  { rm -f "$current"; without "they do not start on this machine"; }
