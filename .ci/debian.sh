# What the scripts share that bring interpreters from Debian: to be sourced by bash.

cache=${WEFTLINE_CACHE:-$HOME/.cache/weftline}

say() { echo "$@" >&2; }
die() { say "$@"; exit 1; }

# The mirror of the machine's own packages, without those of security updates.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1
}
