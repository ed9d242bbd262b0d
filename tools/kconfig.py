# SPDX-License-Identifier: GPL-2.0-only
"""Kernel configurations: tinyconfig with fragments laid over it, or defconfig.

A fragment's symbol that does not take effect ends the tool.
"""
import hashlib
import re
import subprocess
from pathlib import Path

from harness import ROOT, compiler_version, die, kbuild, kbuild_env, log_for, our_files, say, shown, step

SYMBOL = re.compile(r"^(?:(CONFIG_\w+)=(.*)|# (CONFIG_\w+) is not set)$")


def wishes(paths):
    """What the fragments ask for: symbol -> (value, fragment); the last one wins."""
    wanted = {}
    for path in paths:
        for line in path.read_text().splitlines():
            match = SYMBOL.match(line.strip())
            if match:
                wanted[match[1] or match[3]] = (match[2] if match[1] else "n", path)
            elif line.strip() and not line.startswith("#"):
                die(f"{shown(path)}: not a configuration line: {line}")
    return wanted


def values(dotconfig):
    """The symbols of a .config that are set."""
    matches = map(SYMBOL.match, dotconfig.read_text().splitlines())
    return {match[1]: match[2] for match in matches if match and match[1]}


def verify(wanted, got):
    """Every wish came true, or the tool ends with the list of those that did not."""
    missed = [f"   {shown(path)}: {name}={value} did not take effect, it is {got.get(name, 'n')}"
              for name, (value, path) in wanted.items() if got.get(name, "n") != value]
    if missed:
        die("symbols that do not exist or lack a dependency:\n" + "\n".join(missed))


def fingerprint(tree, arch, paths):
    """Changes when the configuration has to be made again."""
    digest = hashlib.sha256(arch.encode())
    kconfigs = [ROOT / name for name in our_files("Kconfig")]
    for path in [*paths, *kconfigs, tree / ".base.json", Path(__file__)]:
        digest.update(path.read_bytes())
    digest.update(compiler_version(arch))
    return digest.hexdigest()


def configure(tree, out, arch, paths, title):
    """Configures tree/out from the fragments at paths where that was not done with the same before."""
    mark, print_of = tree / out / ".configured", fingerprint(tree, arch, paths)
    if mark.exists() and mark.read_text() == print_of:
        return
    mark.unlink(missing_ok=True)        # a configuration that fails is none
    make(tree, out, arch, paths, title)
    mark.write_text(print_of)


def make(tree, out, arch, paths, title):
    """Configures tree/out from the fragments at paths; without any it is defconfig."""
    (tree / out).mkdir(exist_ok=True)
    dotconfig = tree / out / ".config"
    before = dotconfig.read_text() if dotconfig.exists() else None
    step(title, kbuild(tree, out, arch, "tinyconfig" if paths else "defconfig"), log_for(f"config-{out}"), env=kbuild_env())
    wanted = wishes(paths)
    kept = [line for line in dotconfig.read_text().splitlines()
            if not ((match := SYMBOL.match(line)) and (match[1] or match[3]) in wanted)]
    kept += [f"{name}={value}" for name, (value, _) in wanted.items()]
    dotconfig.write_text("\n".join(kept) + "\n")
    subprocess.run(kbuild(tree, out, arch, "-s", "olddefconfig"), env=kbuild_env(), check=True)
    verify(wanted, values(dotconfig))
    if before == dotconfig.read_text():
        say("   same as before")
