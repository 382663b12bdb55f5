# Sourced by the other scripts: makes sure that what Lathe builds with is there.
# Lathe needs the Swift toolchain and the system's OpenBLAS; nothing else is fetched.

require_swift() {
  if ! command -v swift >/dev/null 2>&1; then
    echo "error: there is no 'swift' on the PATH; install a Swift 6.3 or newer toolchain from https://www.swift.org/install" >&2
    exit 1
  fi
}

# Installs a Debian package when what it offers is missing: require_package CHECK PACKAGE REASON
require_package() {
  if eval "$1" >/dev/null 2>&1; then return; fi
  echo "installing $2: $3"
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then sudo="sudo"; fi
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "error: $2 is missing and there is no apt-get; install it with your system's package manager" >&2
    exit 1
  fi
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq "$2" >/dev/null
  if ! eval "$1" >/dev/null 2>&1; then
    echo "error: $2 was installed, but '$1' still fails" >&2
    exit 1
  fi
}

require_everything() {
  require_swift
  require_package "command -v pkg-config" pkg-config "SwiftPM asks it where OpenBLAS lies"
  require_package "pkg-config --exists openblas" libopenblas-dev "matrix products and LAPACK, the only library Lathe links"
}
