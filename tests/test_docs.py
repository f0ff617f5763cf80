"""What the documents say is so: the README's two commands, what CI runs, and every link and command."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.processes import ROOT

FENCE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"manage\.py ([a-z][\w-]+)((?: --?[a-z][\w-]*)*)")


def commands() -> list[str]:
    """The README's blocks of shell commands."""
    return [block.strip() for block in FENCE.findall((ROOT / "README.md").read_text())]


def documents() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "bench").glob("*.md"))]


def test_the_readme_opens_with_the_run_and_the_test_command_one_line_each():
    run, test = commands()[:2]
    assert "\n" not in run and "manage.py up" in run
    assert "\n" not in test and " -m pytest" in test


def test_both_commands_make_the_same_environment_on_a_fresh_machine():
    preparations = [command.split("&&")[:-1] for command in commands()[:2]]
    assert preparations[0] == preparations[1]
    assert preparations[0][0].startswith("python3 -m venv")
    assert "pip install" in preparations[0][1] and "-r requirements.txt" in preparations[0][1]


def test_ci_runs_the_readmes_test_command():
    printed = subprocess.run(["bash", ".ci/run", "--print"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == commands()[1]


@pytest.fixture
def ci(tmp_path):
    """Runs .ci/run for another README, on a machine that has only what it starts with and these programs."""
    script = tmp_path / ".ci" / "run"
    script.parent.mkdir()
    script.write_text((ROOT / ".ci" / "run").read_text())
    machine = tmp_path / "bin"
    machine.mkdir()
    for name in ("awk", "bash", "dirname"):
        (machine / name).symlink_to(str(shutil.which(name)))

    pip = tmp_path / ".venv" / "bin" / "pip"
    pip.parent.mkdir(parents=True)
    pip.write_text(f"#!{machine}/bash\n")
    pip.chmod(0o755)

    def run(readme: str, **programs: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "README.md").write_text(readme)
        for name, body in programs.items():
            (machine / name.replace("_", "-")).write_text(f"#!{machine}/bash\n{body}\n")
            (machine / name.replace("_", "-")).chmod(0o755)
        command = [str(machine / "bash"), str(script)]
        return subprocess.run(command, env={"PATH": str(machine)}, capture_output=True, text=True, check=False)

    return run


README = "# Forum\n\n```sh\necho it runs\n```\n\nWords.\n\n```sh\n{test}\n```\n\n```sh\necho more\n```\n"


def test_ci_says_so_when_the_readme_has_no_test_command(ci):
    done = ci("# Only one\n\n```sh\npython3 manage.py up\n```\n")
    assert done.returncode == 1
    assert "no second ```sh block" in done.stderr


def test_ci_installs_what_the_machine_lacks_and_then_tests(ci):
    # The python3 that this machine has can make no environments, and has no headers, until it is installed.
    log = {"python3": '[ "$1" != -c ]', "apt_get": 'echo "apt-get $*" >&2'}
    done = ci(README.format(test='echo "tests run, CI is $CI"'), **log)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "tests run, CI is true"
    update, install = done.stderr.splitlines()
    assert update.startswith("apt-get update")
    assert install.endswith("chromium python3 python3-venv curl gcc libc6-dev python3-dev")


def test_ci_installs_nothing_that_is_there(ci):
    done = ci(README.format(test="echo tested"), python3="exit 0", google_chrome="", curl="", cc="", apt_get="exit 1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "tested"


def test_ci_fails_when_the_tests_fail(ci):
    done = ci(README.format(test="false && true"), python3="exit 0", chromium="", curl="", cc="")
    assert done.returncode == 1


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_are_there(document):
    targets = [link.partition("#")[0] for link in LINK.findall(document.read_text()) if "://" not in link]
    assert [target for target in targets if target and not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_and_their_options_exist(document):
    known = get_commands()
    for name, options in COMMAND.findall(document.read_text()):
        assert name in known, f"manage.py {name}"
        app = known[name]
        parser = (load_command_class(app, name) if isinstance(app, str) else app).create_parser("manage.py", name)
        spoken = {option for action in parser._actions for option in action.option_strings}
        assert set(options.split()) <= spoken, f"manage.py {name}{options}"


def test_every_setting_stands_in_the_table_of_settings():
    read = re.findall(r'(?:env\.\w+|seconds)\(\s*"([A-Z]\w+)"', (ROOT / "forum_site" / "settings.py").read_text())
    table = (ROOT / "docs" / "operating.md").read_text().partition("## Putting it up")[0]
    assert len(read) > 40
    assert sorted(name for name in set(read) if f"`{name}`" not in table) == []


GUIDE = ROOT / "docs" / "moderating.md"
BOLD = re.compile(r"\*\*([^*]+)\*\*")
TAG = re.compile(r"\{%.*?%\}")
OTHERWISE = re.compile(r"\{% else %\}.*?\{% endif %\}")


def words_on_pages() -> str:
    """All templates, with both branches of what is said by condition, and all code, on one line in small letters."""
    templates = " ".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    code = " ".join(path.read_text() for path in (ROOT / "forum").rglob("*.py")).replace("_", " ")
    branches = [TAG.sub("", templates), TAG.sub("", OTHERWISE.sub("", templates))]
    return " ".join(" ".join([templates, *branches, code]).split()).lower()


def test_the_guide_for_moderators_speaks_in_the_words_of_the_buttons():
    there = words_on_pages()
    spoken = {" ".join(words.rstrip(":").split()) for words in BOLD.findall(GUIDE.read_text())} - {"bold"}
    assert len(spoken) > 40
    assert [words for words in sorted(spoken) if words.lower() not in there] == []


def test_every_picture_is_shown_somewhere():
    shown = " ".join(document.read_text() for document in documents())
    assert [path.name for path in (ROOT / "docs" / "images").glob("*.png") if path.name not in shown] == []
