"""Every diagnostic code: what it means, why it matters, and what to do about it.

HK0xx the file could not be processed; HK1xx a Haiku construct was left in place; HK2xx code that
depends on Haiku's names and would keep running and do the wrong thing; HK3xx what plain linen
does differently, where the user asked for plain linen or where nothing else can be said; HK9xx the
comments that are addressed to hk2flax.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """One diagnostic code. `severity` is "error", "manual" or "note"."""

    code: str
    title: str
    severity: str
    why: str
    action: str


_ALL = (
    Code(
        "HK001",
        "file does not parse",
        "error",
        "The file is not valid Python for the interpreter that runs hk2flax, so nothing in it can "
        "be understood.",
        "Fix the syntax error (Python 2 files: run 2to3 first), or leave the file out with "
        "--exclude.",
    ),
    Code(
        "HK002",
        "file cannot be decoded",
        "error",
        "The bytes do not fit the encoding that the file declares (UTF-8 where it declares none).",
        "Save the file as UTF-8, correct its coding line, or leave it out with --exclude.",
    ),
    Code(
        "HK003",
        "file cannot be read or written",
        "error",
        "The operating system refused access to the file.",
        "Check that the file exists and its permissions, and that the disk is not full.",
    ),
    Code(
        "HK101",
        "no Flax form for this Haiku name",
        "manual",
        "hk2flax knows no linen code that does the same under these arguments.",
        "Rewrite the line by hand; the message names the nearest Flax construct.",
    ),
    Code(
        "HK102",
        "this module class cannot become a linen dataclass",
        "manual",
        "Its constructor does something that dataclass fields and setup() cannot express.",
        "Simplify the constructor as the message says, then run hk2flax again.",
    ),
    Code(
        "HK103",
        "attribute is changed outside the constructor",
        "manual",
        "A linen module is frozen once it is bound, so the assignment raises.",
        "Return the value, or keep it in a variable collection.",
    ),
    Code(
        "HK104",
        "name collides with the linen Module API",
        "manual",
        "linen reserves this name on every Module, so a field or method of that name breaks it.",
        "Rename it in the Haiku source first, then run hk2flax again.",
    ),
    Code(
        "HK105",
        "the rewritten file would not parse",
        "manual",
        "An edit of hk2flax would have broken the file, so it was left as it was.",
        "Report the file as a bug, and convert it by hand.",
    ),
    Code(
        "HK106",
        "hk2flax failed on this file",
        "manual",
        "An internal error; the file was left as it was, the others were rewritten.",
        "Report the message with the file, and convert the file by hand.",
    ),
    Code(
        "HK107",
        "an attribute read from outside has a new meaning",
        "manual",
        "The field holds what the constructor was given; the value that Haiku's constructor "
        "derived from it now lives in another attribute.",
        "Read the attribute that the message names, inside init or apply.",
    ),
    Code(
        "HK201",
        "code depends on Haiku's parameter names",
        "manual",
        "Parameter names and nesting change (linear/w becomes Dense_0/kernel): this code would "
        "keep running and select nothing, or the wrong thing.",
        "Rewrite it against the linen paths; hk2flax map prints old and new names side by side.",
    ),
    Code(
        "HK301",
        "plain linen layer differs from Haiku's",
        "note",
        "--prefer linen asked for the plain layer; it differs as the message says.",
        "Accept the difference, or run with --prefer exact.",
    ),
    Code(
        "HK302",
        "parameters follow the input dtype in Haiku",
        "note",
        "Haiku creates parameters in the dtype of the input; linen in param_dtype (float32). "
        "Loaded checkpoints keep their dtype in both.",
        "Pass param_dtype where freshly initialised parameters must be half or double precision.",
    ),
    Code(
        "HK303",
        "a setting of Haiku's own was taken out",
        "note",
        "The statement steers how Haiku checks, prints or stores things; nothing that the Flax "
        "program computes depends on it.",
        "Nothing is left to do.",
    ),
    Code(
        "HK901",
        "suppression comment has no effect",
        "note",
        "A comment asks to leave out a message that is not given here, or names no known code; it "
        "would hide a later one without anybody noticing.",
        "Remove the comment or correct its codes: `# hk2flax: ignore[HK101]` for a statement, "
        "`# hk2flax: ignore-file[HK201]` for a file.",
    ),
)

CODES: dict[str, Code] = {code.code: code for code in _ALL}
