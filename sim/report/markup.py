"""Small pieces of HTML. Every text that comes in is escaped here; nothing else builds tags."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def element(name: str, *inner: str, **attributes: str) -> str:
    """Build one element.

    Parameters
    ----------
    name
        Tag name.
    inner
        HTML that is already safe: other elements, or text that went through :func:`text`.
    attributes
        Attributes; a trailing underscore is dropped (``class_``), another one is a hyphen.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return f"<{name}{said}>{''.join(inner)}</{name}>"


def text(value: object) -> str:
    """Make any text safe."""
    return escape(str(value))


def prose(said: object) -> str:
    """Text whose numbers are not torn from their signs and units at the end of a line."""
    return text(said).replace(" %", "&nbsp;%").replace("−", "−&#8288;")


def paragraph(said: object, class_: str = "") -> str:
    """One paragraph of plain text."""
    return element("p", prose(said), class_=class_)


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    caption: str = "",
    groups: Sequence[str] = (),
    strong: Sequence[bool] = (),
    class_: str = "",
) -> str:
    """Build a table: the first column names the row, the others are numbers.

    Parameters
    ----------
    headings
        A name a column.
    rows
        Plain text cells.
    caption
        What the table shows.
    groups
        Name of the group of each row; a line with the name stands above each new group.
    strong
        Whether each row's effect is clear of zero, shown in bold.
    class_
        Class of the table, e.g. ``words`` where columns are text.
    """
    body = []
    group = ""
    for place, cells in enumerate(rows):
        if groups and groups[place] != group:
            group = groups[place]
            heading = element("th", text(group), colspan=str(len(headings)), scope="rowgroup")
            body.append(element("tr", heading, class_="group"))
        first = element("th", text(cells[0]), scope="row")
        others = [element("td", text(cell)) for cell in cells[1:]]
        body.append(
            element("tr", first, *others, class_="clear" if strong and strong[place] else "")
        )
    head = element(
        "thead",
        element("tr", *(element("th", text(heading), scope="col") for heading in headings)),
    )
    made = element(
        "table",
        element("caption", text(caption)) if caption else "",
        head,
        element("tbody", *body),
        class_=class_,
    )
    return element("div", made, class_="wide")


def figure(svg: str, description: str, remark: str, name: str) -> str:
    """Inline a drawing with its words.

    Parameters
    ----------
    svg
        The ``<svg>`` element, without XML declaration.
    description
        What is drawn, for those who do not see it.
    remark
        Words below the drawing; may be empty.
    name
        Anchor of the figure.
    """
    labelled = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(description)}" ', 1)
    below = element("figcaption", prose(remark)) if remark else ""
    return element("figure", labelled, below, id=name)


def facts(pairs: Sequence[tuple[str, str]], class_: str = "") -> str:
    """List names with their values."""
    return element(
        "dl",
        *(
            element("div", element("dt", text(name)), element("dd", prose(value)))
            for name, value in pairs
        ),
        class_=class_,
    )


def section(title: str, *inner: str) -> str:
    """One section of the page under a heading."""
    return element("section", element("h2", text(title)), *inner)
