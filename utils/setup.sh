#!/usr/bin/env bash
# Installs what the project needs: Debian packages (only those that are missing, as root or through sudo) and the Python
# environment build/venv (only when the requirement files changed). Safe to run again at any time.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly llvm=22
readonly packages=(
  "libmlir-$llvm-dev" "mlir-$llvm-tools" "llvm-$llvm-dev" "llvm-$llvm-tools" "clang-$llvm" "lld-$llvm"
  "libomp-$llvm-dev" "libclang-rt-$llvm-dev" "clang-format-$llvm" cmake ninja-build ccache make git python3 python3-venv
  libzip-dev libgtest-dev pkg-config
)
# What a test needs that is left out where it is not there: not every distribution has these.
readonly wanted_by_tests=(chromium-headless-shell)

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "error: $1"; shift; for line in "$@"; do say "  $line"; done; exit 1; }

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_packages() {
  local missing=() package
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "this script installs Debian packages, and here is no apt-get" \
        "install these or what corresponds to them, then run: LOWBIT_SKIP_PACKAGES=1 make build" "${packages[*]}"
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  for package in "${wanted_by_tests[@]}"; do
    is_installed "$package" || ! apt-cache show "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "packages are missing, and this is neither root nor is there a sudo" \
          "run as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -q >&2 || die "apt-get update failed: see its message above"
  for package in "${missing[@]}"; do
    if ! apt-cache show "$package" >/dev/null 2>&1; then
      die "this distribution has no package $package" \
          "Lowbit is built on LLVM and MLIR $llvm. Debian 12 has them in bookworm-security, newer Debian and Ubuntu in" \
          "their own archives or at https://apt.llvm.org. Add such a source to apt and run this again."
    fi
  done
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2 ||
    die "apt-get install failed: see its message above"
}

install_python() {
  local venv=build/venv stamp=build/venv/requirements.stamp wanted
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Python 3.11 or newer is needed, here is $(python3 --version)"
  wanted=$( (python3 --version; pwd; cat pyproject.toml utils/requirements*.txt) | sha256sum)
  if [ -x "$venv/bin/lowbit" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    return 0
  fi
  say "making the Python environment $venv"
  [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$venv"
  rm -f "$stamp"
  local pip=("$venv/bin/python" -m pip --disable-pip-version-check install --quiet)
  "${pip[@]}" -r utils/requirements.txt -r utils/requirements-test.txt
  "${pip[@]}" --no-deps -r utils/requirements-nodeps.txt
  "${pip[@]}" --no-deps --no-build-isolation --editable .
  printf '%s\n' "$wanted" >"$stamp"
}

[ -n "${LOWBIT_SKIP_PACKAGES:-}" ] || install_packages
install_python
