# shellcheck shell=bash
# What deploy/run, deploy/test and deploy/bench share: finding a JDK, building, and installing what is missing.

# Where Debian keeps rpcbind, ip and the like; an ordinary user's PATH lacks it.
PATH=$PATH:/usr/sbin:/sbin

say() {
    printf '%s: %s\n' "deploy/${0##*/}" "$1" >&2
}

die() {
    say "$1"
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Prints the major version of the JDK in a directory; nothing when it is none (a JRE has no javac).
jdk_version() {
    [[ -x $1/bin/java && -x $1/bin/javac ]] || return 0
    "$1/bin/javac" -version 2>&1 </dev/null | sed -n 's/^javac \([0-9]*\).*/\1/p'
}

# Prints the home of each JDK that is new enough: JAVA_HOME, the one on PATH, then those under /usr/lib/jvm.
list_jdks() {
    local home version path
    local -A seen=()
    if path=$(command -v javac); then
        path=$(dirname "$(dirname "$(readlink -f "$path")")")
    fi
    for home in "${JAVA_HOME:-}" "$path" /usr/lib/jvm/*; do
        [[ -d $home ]] || continue
        home=$(readlink -f "$home")
        [[ -z ${seen[$home]:-} ]] || continue
        seen[$home]=1
        version=$(jdk_version "$home")
        if [[ -n $version && $version -ge 17 ]]; then
            printf '%s %s\n' "$version" "$home"
        fi
    done
}

# Sets JAVA_HOME to the first JDK that is new enough, so that Maven and the launcher take it too.
choose_jdk() {
    local first
    first=$(list_jdks | head -n 1)
    [[ -n $first ]] || return 1
    export JAVA_HOME=${first#* }
}

# install_packages PURPOSE PACKAGE...: returns 1, having said why, when it cannot.
install_packages() {
    local purpose=$1
    shift
    local -a root=()
    if ! have apt-get; then
        say "$purpose needs $*, and there is no apt-get here: please install these by your system's own means"
        return 1
    fi
    if [[ $(id -u) -ne 0 ]]; then
        if ! have sudo; then
            say "$purpose needs $*; as root, run: apt-get install $*"
            return 1
        fi
        root=(sudo)
        # Without a terminal nobody could type a password.
        [[ -t 0 ]] || root+=(-n)
    fi
    say "installing $* ($purpose)"
    # Services of this host are neither restarted nor asked about.
    root+=(env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1)
    local -a options=(-q -y -o DPkg::Lock::Timeout=300)
    if ! "${root[@]}" apt-get "${options[@]}" update >&2 \
        || ! "${root[@]}" apt-get "${options[@]}" install --no-install-recommends "$@" >&2; then
        say "could not install $*"
        return 1
    fi
}

# A JDK and Maven, installed when they are missing.
need_build_tools() {
    local -a missing=()
    choose_jdk || missing+=(default-jdk-headless)
    have mvn || missing+=(maven)
    if [[ ${#missing[@]} -gt 0 ]]; then
        install_packages "building rpcward" "${missing[@]}" || exit 1
    fi
    if ! choose_jdk; then
        # The default of an older release is older than 17.
        install_packages "building rpcward" openjdk-17-jdk-headless || exit 1
        choose_jdk || die "found no JDK 17 or newer, though one should now be installed"
    fi
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

# Debian's packages start their services when installed, and enable them for the next boot: an rpcbind that nobody asked
# for would take port 111. policy-rc.d is Debian's way to forbid the one, disabling undoes the other. Takes a directory
# to write in; the clean-up of the caller calls allow_services.
guard=
forbid_services() {
    [[ ! -e /usr/sbin/policy-rc.d ]] || return 0
    printf '#!/bin/sh\nexit 101\n' >"$1/policy-rc.d"
    as_root install -m 0755 "$1/policy-rc.d" /usr/sbin/policy-rc.d 2>/dev/null || return 1
    guard=/usr/sbin/policy-rc.d
}

allow_services() {
    [[ -z $guard ]] || as_root rm -f "$guard"
}

# disable_services PACKAGE...: what these packages have just enabled.
disable_services() {
    local package
    have systemctl || return 0
    for package in "$@"; do
        case $package in
            rpcbind) as_root systemctl --quiet disable rpcbind.service rpcbind.socket >/dev/null 2>&1 || true ;;
            nfs-common) as_root systemctl --quiet disable nfs-client.target >/dev/null 2>&1 || true ;;
            prometheus) as_root systemctl --quiet disable prometheus.service >/dev/null 2>&1 || true ;;
            dnsdist) as_root systemctl --quiet disable dnsdist.service >/dev/null 2>&1 || true ;;
            nginx*) as_root systemctl --quiet disable nginx.service >/dev/null 2>&1 || true ;;
        esac
    done
}

distribution=proxy/target/rpcward

# Files, and directories too: removing a source makes its directory newer.
is_built() {
    [[ -x $distribution/bin/rpcward ]] || return 1
    [[ -z $(find pom.xml .mvn policy proxy deploy/bin LICENSE README.md \
        -name target -prune -o -path proxy -o -path policy -o -newer "$distribution" -print -quit 2>/dev/null) ]]
}

build() {
    need_build_tools
    say "building (the first time, Maven fetches what it needs)"
    mvn -q -B -DskipTests -DskipLint package </dev/null >&2
    is_built || die "the build left no $distribution"
    # Seconds once, half of each start from then on.
    "$distribution/bin/rpcward" --make-archive >/dev/null 2>&1 || say "could not make the archive for a quick start"
}
