"""The report as SARIF 2.1.0, for code scanning pages and editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hk2flax import __version__
from hk2flax.diagnostics.codes import CODES, Code
from hk2flax.diagnostics.model import Diagnostic
from hk2flax.diagnostics.report import Report

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {"error": "error", "manual": "warning", "note": "note"}


def render(report: Report) -> str:
    """The report as a SARIF text."""
    codes = sorted({d.code for d in report.diagnostics})
    run = {
        "tool": {
            "driver": {
                "name": "hk2flax",
                "version": __version__,
                "rules": [_rule(CODES[code]) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"uri": Path(report.root).as_uri() + "/"}},
        "results": [_result(d, codes.index(d.code)) for d in report.diagnostics],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.code,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.why},
        "help": {
            "text": f"{code.why} {code.action}",
            "markdown": f"**{code.title}**\n\n{code.why}\n\n{code.action}",
        },
        "defaultConfiguration": {"level": _LEVEL[code.severity]},
    }


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    uri = quote(diagnostic.path, errors="surrogateescape")
    place = {
        "artifactLocation": {"uri": uri, "uriBaseId": "ROOT"},
        "region": {"startLine": diagnostic.line, "startColumn": diagnostic.column},
    }
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": _LEVEL[diagnostic.severity],
        "message": {"text": diagnostic.message},
        "locations": [{"physicalLocation": place}],
    }
    if diagnostic.symbol:
        result["properties"] = {"symbol": diagnostic.symbol}
    return result
