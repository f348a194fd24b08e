"""Events as the command line would set them."""

# As many types as give every kind of buyer; events do not depend on their number.
FEW = ("demand.types=32",)
START = "start: 2025Q3"
AT = 2  # its place in the run


def event(text: str, name: str = "it") -> str:
    return f"events.{name}={{{text}}}"
