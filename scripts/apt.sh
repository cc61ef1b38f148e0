# For other scripts to read: apt_install PACKAGE… as root, or with a sudo that asks no password. Fails where neither is.
apt_install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then
        run=
    elif sudo -n true 2>/dev/null; then
        run="sudo -n"
    else
        return 1
    fi
    echo "Installing $* …"
    $run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
