"""The renderings of a report."""

import json
from html.parser import HTMLParser

import pytest

from hk2flax.diagnostics import CODES, Diagnostic, as_html, as_json, as_sarif, as_text
from hk2flax.diagnostics.report import FileReport, Report

MANUAL = Diagnostic("pkg/a.py", 3, 5, "HK101", "no form for <this> & that", "haiku.Foo")
NOTE = Diagnostic("pkg/a.py", 9, 1, "HK302", "follows the input")
ERROR = Diagnostic("b c.py", 1, 1, "HK001", "invalid syntax")
DIFF = "--- a/pkg/a.py\n+++ b/pkg/a.py\n@@ -1 +1 @@\n-<old>\n+new\n"
SYMBOLS = {"haiku.Linear": {"native": 2}, "haiku.Foo": {"manual": 1, "helper": 1}}


def report(mode="written", files=None):
    default = (
        FileReport("b c.py", "failed", {}, (ERROR,)),
        FileReport("helpers.py", "created", diff="+x\n"),
        FileReport("pkg/a.py", "rewritten", SYMBOLS, (NOTE, MANUAL), DIFF),
        FileReport("z.py", "unchanged"),
    )
    return Report("/p", "exact", mode, default if files is None else files, {"total": 0.1234567891})


def text(*args, **kwargs):
    return "\n".join(as_text.lines(report(*args), **kwargs))


def test_json():
    data = json.loads(as_json.render(report()))
    assert (data["schema"], data["version"]) == ("hk2flax-report", 1)
    assert data["symbols"]["haiku.Foo"] == {"native": 0, "helper": 1, "manual": 1}
    assert data["totals"] == {
        "files": 4,
        "rewritten": 1,
        "unchanged": 1,
        "failed": 1,
        "created": 1,
        "native": 2,
        "helper": 1,
        "manual": 1,
        "diagnostics": {"error": 1, "manual": 1, "note": 1},
    }
    assert data["timings"] == {"total": 0.123457}
    file = data["files"][2]
    assert (file["path"], file["status"]) == ("pkg/a.py", "rewritten")
    assert file["counts"] == {"native": 2, "helper": 1, "manual": 1}
    assert file["diagnostics"][0] == {
        "code": "HK101",
        "severity": "manual",
        "path": "pkg/a.py",
        "line": 3,
        "column": 5,
        "symbol": "haiku.Foo",
        "message": "no form for <this> & that",
    }
    assert [d["code"] for d in data["diagnostics"]] == ["HK001", "HK101", "HK302"]


def test_json_of_a_file_name_that_is_no_text():
    odd = FileReport("\udcff.py", "unchanged")
    assert json.loads(as_json.render(report(files=(odd,))))["files"][0]["path"] == "\udcff.py"


def test_sarif():
    log = json.loads(as_sarif.render(report()))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["HK001", "HK101", "HK302"]
    assert all(rule["help"]["text"] and rule["help"]["markdown"] for rule in rules)
    assert len(run["results"]) == 3
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert region["startColumn"] >= 1
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note"]
    first = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert first == {"uri": "b%20c.py", "uriBaseId": "ROOT"}
    assert run["originalUriBaseIds"]["ROOT"]["uri"] == "file:///p/"


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.external = [], []

    def handle_starttag(self, tag, attributes):
        if tag != "meta":
            self.open.append(tag)
        self.external += [value for key, value in attributes if key in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html():
    page = as_html.render(report())
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    assert balance.external == []
    assert "no form for &lt;this&gt; &amp; that" in page
    assert '<span class="del">-&lt;old&gt;</span>' in page
    assert "pkg/a.py:3:5" in page


def test_html_of_a_file_name_that_is_no_text():
    as_html.render(report(files=(FileReport("\udcff.py", "rewritten", diff="+x"),))).encode()


def test_text():
    assert text() == (
        "b c.py:1:1: HK001 invalid syntax\n"
        "\n"
        "pkg/a.py:3:5: HK101 no form for <this> & that\n"
        "pkg/a.py:9:1: HK302 follows the input\n"
        "\n"
        "1 of 3 files rewritten; helpers.py added; 1 could not be processed.\n"
        "Uses of Haiku: 2 native, 1 helper, 1 manual.\n"
        "1 place needs a person (HK101).\n"
        "Next: `hk2flax explain HK101` says what to do."
    )


def test_text_in_other_modes():
    assert "would be rewritten" in text("diff")
    clean = (FileReport("a.py", "rewritten"),)
    assert "run hk2flax rewrite without --check" in text("check", clean)
    assert "hk2flax verify" in text("written", clean)
    assert text("written", (FileReport("a.py", "unchanged"),)) == "0 of 1 file rewritten."
    assert "explain HK001" in text("written", (FileReport("b.py", "failed", {}, (ERROR,)),))


def test_quiet_text():
    assert text(quiet=True) == (
        "b c.py:1:1: HK001 invalid syntax\npkg/a.py:3:5: HK101 no form for <this> & that"
    )


def test_painted_text():
    assert "<HK101:manual>" in text(paint=lambda words, kind: f"<{words}:{kind}>")


@pytest.mark.parametrize("code", CODES)
def test_every_code_explains_itself(code):
    words = as_text.explain(code)
    assert words.startswith(f"{code}: ")
    assert "Why: " in words
    assert "What to do: " in words


@pytest.mark.parametrize("entry", CODES.values(), ids=list(CODES))
def test_every_code_is_complete(entry):
    assert entry.severity in ("error", "manual", "note")
    assert (entry.severity == "error") == entry.code.startswith("HK0")
    assert entry.why.endswith(".")
    assert entry.action.endswith(".")
