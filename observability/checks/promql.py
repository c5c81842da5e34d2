"""Which metrics and labels a PromQL expression names. Whether it parses is promtool's to say, before this looks."""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
      | (?P<duration>\[[^\]]*\])
      | (?P<number>\d[\w.]*)
      | (?P<name>[a-zA-Z_:][\w:]*)
      | (?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^=<>(){},@])""",
    re.VERBOSE,
)
WORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "and", "or", "unless", "inf", "nan"}
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}


@dataclass
class Use:
    """One metric in an expression."""

    metric: str
    selector: str
    """The metric with what it is selected by, as it stands there."""
    selected: set[str] = field(default_factory=set)
    """Labels that its selector names."""
    grouped: set[str] = field(default_factory=set)
    """Labels by which an aggregation around it groups."""


@dataclass
class Named:
    """What an expression names."""

    uses: list[Use] = field(default_factory=list)
    result: set[str] = field(default_factory=set)
    """Labels by which anything is grouped: those that a result can have."""


def tokens(expression):
    at, found = 0, []
    while at < len(expression):
        match = TOKEN.match(expression, at)
        if not match:
            raise ValueError(f"cannot read at {expression[at:at + 20]!r}")
        if match.lastgroup != "space":
            found.append((match.lastgroup, match.group()))
        at = match.end()
    return found


def names(expression):
    """Reads an expression that groups in front (`sum by (a) (…)`), as all of ours do."""
    found, named = tokens(expression), Named()
    # For every open parenthesis the labels that the aggregation before it groups by.
    around, at = [], 0
    pending = None

    def text(index):
        return found[index][1] if index < len(found) else ""

    while at < len(found):
        kind, word = found[at]
        if kind == "name" and word in GROUPING:
            closing = next((i for i in range(at, len(found)) if text(i) == ")"), len(found))
            listed = {text(i) for i in range(at + 2, closing) if found[i][0] == "name"}
            if word == "by":
                pending, named.result = listed, named.result | listed
            elif word != "on":
                raise ValueError(f"`{word}` is not used here: say what is grouped by")
            at = closing + 1
        elif word == "(":
            around.append(pending or set())
            pending, at = None, at + 1
        elif word == ")":
            around.pop()
            at += 1
        elif kind == "name" and word not in WORDS and text(at + 1) != "(" and text(at + 1) not in ("by", "without"):
            use = Use(word, word, grouped=set().union(*around))
            at += 1
            if text(at) == "{":
                closing = next(i for i in range(at, len(found)) if text(i) == "}")
                use.selector += "".join(text(i) for i in range(at, closing + 1))
                use.selected = {text(i) for i in range(at + 1, closing) if found[i][0] == "name"}
                at = closing + 1
            named.uses.append(use)
        else:
            at += 1
    return named
