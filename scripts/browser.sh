#!/bin/sh
# The browser tests need Chromium and a Chinese font: Debian's, installed where they are missing and we may.
set -eu
. "$(dirname "$0")/apt.sh"

has_browser() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
}

has_font() {
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name "NotoSansCJK*" -print -quit 2>/dev/null)" ]
}

has_browser && has_font || apt_install chromium fonts-noto-cjk || true
has_browser && has_font || {
    echo "The browser tests need Chromium and a Chinese font: apt-get install chromium fonts-noto-cjk" >&2
    exit 1
}
