"""Values of the contract as Python's own: records are dicts, an absent option is None, enums and variants without
payload are strings, other variants are dicts of one member, lists of bytes are bytes."""

from wasmtime.component import Record, ResultType, Variant, VariantType

# wasmtime-py leaves out the tags of a variant whose cases differ in their Python type. An absent entry is then of
# type `object`, as every value is, and an error of `storage.take` cannot be told from it. So tags are always there.
ResultType._tagged = VariantType._tagged = lambda self: True


def to_component(value: object) -> object:
    """For arguments: these hold no variants."""
    if isinstance(value, dict):
        return record(**value)
    if isinstance(value, list):
        return [to_component(item) for item in value]
    return value


def record(**members: object) -> Record:
    made = Record()
    for name, value in members.items():
        setattr(made, name, to_component(value))
    return made


def to_python(value: object) -> object:
    if isinstance(value, Record):
        return {name: to_python(member) for name, member in vars(value).items()}
    if isinstance(value, Variant):
        return value.tag if value.payload is None else {value.tag: to_python(value.payload)}
    if isinstance(value, list):
        return [to_python(item) for item in value]
    return value
