#!/bin/sh
# Bring a private Julia for Omega's Julia functions, unless a usable one is already there.
#
#   omega julia install                           from an installed Omega
#   src/julia_modules/install_julia.sh PREFIX     from a checkout (for example .venv/opt/julia; afterwards PREFIX/bin/julia)
#
# On Debian and its relatives this is bullseye's Julia 1.5.3, unpacked into PREFIX with the libraries it
# was built with. Nothing on the system changes and no root is needed: apt works in a directory of its
# own, from the mirrors and with the keys that the system already trusts.
#
# Exit status: 0 Julia is there; 2 wrong usage; 3 Julia could not be brought, and what to do instead.
set -eu

[ "${1:+$#}" = 1 ] || { echo "usage: $0 PREFIX" >&2; exit 2; }
case $1 in /*) prefix=${1%/} ;; *) prefix=$PWD/${1%/} ;; esac

say() { echo "julia: $*"; }

give_up() {
    cat >&2 <<END
julia: $*
julia: Omega works without its Julia functions. To have them, install Julia (julialang.org/downloads),
julia: put \`julia\` on the path or its full name into OMEGA_JULIA, and run this again.
END
    exit 3
}

# Prints the version of a Julia that can be used. Catching an exception is part of the question: with a
# newer libunwind than its own, Julia 1.5 starts, prints its version, and crashes when something throws.
usable_version() {
    "$1" --startup-file=no -e 'f(x) = error(x); try f(1) catch; print(VERSION) end' 2>/dev/null
}

for julia in "${OMEGA_JULIA:-}" "$(command -v julia || true)" "$prefix/bin/julia"; do
    if [ -n "$julia" ] && version=$(usable_version "$julia") && [ -n "$version" ]; then
        say "using $julia, version $version"
        exit 0
    fi
done

for tool in apt-get apt-cache dpkg dpkg-deb; do
    command -v "$tool" >/dev/null ||
        give_up "this system has no \`$tool\`, so Debian's Julia cannot be unpacked"
done

# Everything happens beside PREFIX, so that the last step is one rename onto nothing.
if [ -e "$prefix" ]; then
    rmdir "$prefix" 2>/dev/null || give_up "\`$prefix\` is there but holds no usable Julia; remove it first"
fi
{ mkdir -p "$(dirname "$prefix")" && work=$(mktemp -d "$prefix.XXXXXX"); } ||
    give_up "\`$prefix\` cannot be written"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root" "$work/julia"
: >"$work/state/status"  # an empty system: every dependency has to be named

# Read after the system's own settings, so proxies and the like stay in force. The hooks that are
# cleared belong to the real package lists.
cat >"$work/apt.conf" <<END
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
#clear APT::Architectures;
APT::Architectures { "$(dpkg --print-architecture)"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
END
private() { tool=$1; shift; "$tool" -qq -c "$work/apt.conf" "$@" 2>>"$work/log"; }

# The system's sources name the mirrors; the signature decides which of them carries Debian.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
options="target=Packages"
[ ! -r "$keyring" ] || options="$options signed-by=$keyring"
mirrors=$(apt-get update --print-uris 2>/dev/null | sed -n "s|^'\(.*\)/dists/.*/InRelease'.*|\1|p" | sort -u)
found=
for mirror in $mirrors; do
    echo "deb [$options] $mirror bullseye main" >"$work/sources.list"
    if private apt-get update && private apt-cache show julia >/dev/null; then found=$mirror; break; fi
done
[ -n "$found" ] || give_up "no package source of this system offers Debian bullseye's Julia, or none answers"

# What dpkg, bash and C++ programs need is on every such system, in a version at least as new, and must
# be shared with the process that loads Julia: two libc or libstdc++ in one process do not work.
# debconf configures systems. PCRE is wanted all the same, for Julia looks it up beside itself.
packages_for() { private apt-get install -s "$@" | sed -n 's/^Inst \([^ ]*\) .*/\1/p' | sort -u; }
packages_for dpkg bash libstdc++6 debconf | grep -vx libpcre2-8-0 >"$work/shared"
packages_for julia libreadline8 | grep -vxF -f "$work/shared" >"$work/wanted" ||
    give_up "Debian's Julia cannot be resolved"

say "downloading Julia and $(($(wc -l <"$work/wanted") - 1)) packages it needs from $found"
# patchelf tells the libraries where their neighbours are; it is used here and not kept.
# shellcheck disable=SC2046 # one argument per package
(cd "$work/debs" && private apt-get download $(cat "$work/wanted") patchelf) ||
    give_up "the download failed: $(tail -n 1 "$work/log")"
for deb in "$work"/debs/*.deb; do
    dpkg-deb -x "$deb" "$work/root" || give_up "\`$(basename "$deb")\` could not be unpacked"
done

# The layout of the official builds (bin, lib, lib/julia, share, etc), in which Julia finds its own parts
# wherever PREFIX is. Debian's inner paths have one directory more, which becomes a link to lib itself.
triplet=$(basename "$(dirname "$(ls "$work"/root/usr/lib/*/libjulia.so.1)")")
mkdir "$work/julia/bin" "$work/julia/share"
mv "$work/root/usr/lib/$triplet" "$work/julia/lib"
cp -a "$work/root/lib/$triplet/." "$work/julia/lib"
ln -s . "$work/julia/lib/$triplet"
mv "$work/root/usr/bin/julia" "$work/julia/bin"
mv "$work/root/usr/share/julia" "$work/julia/share"
mv "$work/root/etc" "$work/julia/etc"

# Each library looks for the others beside itself first. This is instead of LD_LIBRARY_PATH, which a
# process that embeds Julia cannot set for itself, and which every child of Julia would inherit.
find "$work/julia/lib" -type f -name '*.so*' ! -name sys.so -exec \
    "$work/root/usr/bin/patchelf" --set-rpath "\$ORIGIN:\$ORIGIN/..:\$ORIGIN/julia" {} + 2>>"$work/log" ||
    give_up "the libraries could not be linked together: $(tail -n 1 "$work/log")"

# A process that embeds Julia makes all these libraries visible to whatever it loads later, and among
# them libunwind and libedit define functions of libgcc and readline, in their own way. Unless the real
# ones come first, a C++ exception or `import readline` ends the process.
"$work/root/usr/bin/patchelf" --add-needed libreadline.so.8 --add-needed libgcc_s.so.1 \
    "$work/julia/lib/libjulia.so.1" 2>>"$work/log" ||
    give_up "libjulia could not be prepared for embedding: $(tail -n 1 "$work/log")"

version=$(usable_version "$work/julia/bin/julia") || give_up "the unpacked Julia does not run on this system"
mv -T "$work/julia" "$prefix" 2>>"$work/log" || usable_version "$prefix/bin/julia" >/dev/null ||
    give_up "\`$prefix\` cannot be put in place: $(tail -n 1 "$work/log")"
say "installed $prefix/bin/julia, version $version"
