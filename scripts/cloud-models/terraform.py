"""What the schemas of Terraform providers say of properties: facts only, by the names that Terraform has for them."""
from go_source import constants, functions, returned, variables

GCE_NAME = "^(?:[a-z]([-a-z0-9]{0,61}[a-z0-9])?)$"


def field(value, name):
    if not isinstance(value, dict):
        return None
    return next((inner for key, inner in value.get("items", []) if key == name), None)


def true(value):
    return isinstance(value, dict) and value.get("name") == "true"


class Source:
    """One resource of a provider, from the files that its schema is spread over."""

    def __init__(self, texts):
        self.functions, self.variables, self.constants = {}, {}, {}
        for text in texts:
            self.functions.update(functions(text))
            self.constants.update(constants(text))
            for name, value in variables(text).items():
                self.variables.setdefault(name, value)

    def resolve(self, value):
        if isinstance(value, dict) and "call" in value and value["call"] in self.functions:
            return next(iter(returned(self.functions[value["call"]])), value)
        if isinstance(value, dict) and "name" in value and "items" not in value:
            name = value["name"].split(".")[-1]
            if name in self.variables:
                return self.variables[name]
            if name in self.constants:
                return self.constants[name]
        return value

    def strings(self, value):
        value = self.resolve(value)
        if not isinstance(value, dict) or "items" not in value:
            return None
        items = [self.resolve(inner) for _, inner in value["items"]]
        return items if all(isinstance(item, str) for item in items) else None

    def schema(self, entry):
        """Attributes of the resource whose constructor is `entry`."""
        for literal in returned(self.functions[entry]):
            for name in ("Schema", "Attributes"):
                found = self.resolve(field(literal, name))
                if isinstance(found, dict) and "items" in found:
                    attributes = self.attributes(found)
                    blocks = self.resolve(field(literal, "Blocks"))
                    if isinstance(blocks, dict) and "items" in blocks:
                        attributes.update(self.attributes(blocks))
                    return attributes
            if str(literal.get("type", "")).startswith("map"):
                return self.attributes(literal)
        raise ValueError(f"no schema in {entry}")

    def attributes(self, literal):
        found = {}
        for key, value in literal["items"]:
            value = self.resolve(value)
            if isinstance(key, str) and isinstance(value, dict) and "items" in value:
                found[key] = self.attribute(value)
        return found

    def attribute(self, literal):
        facts = {}
        if true(field(literal, "Required")):
            facts["required"] = True
        if true(field(literal, "ForceNew")) or self.replaces(field(literal, "PlanModifiers")):
            facts["immutable"] = True
        settable = any(true(field(literal, name)) for name in ("Required", "Optional"))
        if true(field(literal, "Computed")) and not settable:
            facts["computed"] = True
        for name in ("ValidateFunc", "ValidateDiagFunc"):
            self.validator(field(literal, name), facts)
        validators = field(literal, "Validators")
        for _, validator in (validators or {}).get("items", []) if isinstance(validators, dict) else []:
            self.validator(validator, facts)
        most, least = field(literal, "MaxItems"), field(literal, "MinItems")
        if isinstance(most, int) and most > 1 or isinstance(least, int):
            facts["items"] = [least if isinstance(least, int) else 0, most if isinstance(most, int) else None]
        for name, fact in (("ConflictsWith", "conflicts"), ("ExactlyOneOf", "exactlyOneOf"), ("AtLeastOneOf", "atLeastOneOf"), ("RequiredWith", "requiredWith")):
            listed = self.strings(field(literal, name))
            if listed:
                facts[fact] = listed
        self.nested(literal, facts)
        return facts

    def nested(self, literal, facts):
        element = self.resolve(field(literal, "Elem"))
        if isinstance(element, dict) and "items" in element:
            inner = self.resolve(field(element, "Schema"))
            if isinstance(inner, dict) and "items" in inner:
                facts["nested"] = self.attributes(inner)
            else:
                of = self.attribute(element)
                if of:
                    facts["element"] = of
        item = self.resolve(field(literal, "NestedObject"))
        for holder in (literal, item):
            inner = self.resolve(field(holder, "Attributes"))
            if isinstance(inner, dict) and "items" in inner:
                facts["nested"] = self.attributes(inner)

    def replaces(self, modifiers):
        if not isinstance(modifiers, dict):
            return False
        return any(isinstance(value, dict) and "RequiresReplace" in str(value.get("call", "")) for _, value in modifiers.get("items", []))

    def validator(self, value, facts):
        if isinstance(value, dict) and "name" in value and "call" not in value:
            if value["name"].endswith("ValidateGCEName"):
                facts["pattern"] = GCE_NAME
            return
        if not isinstance(value, dict) or "call" not in value:
            return
        name = value["call"].split(".")[-1]
        args = [self.resolve(arg) for arg in value["args"]]
        numbers = [arg for arg in args if isinstance(arg, (int, float))]
        package = value["call"].split(".")[0]
        if name in {"All", "ToDiagFunc"}:
            for arg in value["args"]:
                self.validator(arg, facts)
        elif name in {"ValidateEnum", "StringInSlice"} and args:
            listed = self.strings(args[0])
            if listed:
                facts["enum"] = sorted(set(listed))
                if name == "StringInSlice" and len(args) > 1 and true(args[1]):
                    facts["ignoreCase"] = True
        elif name in {"OneOf", "OneOfCaseInsensitive"}:
            if args and all(isinstance(arg, (str, int)) for arg in args):
                facts["enum"] = sorted(set(args), key=str)
                if name == "OneOfCaseInsensitive":
                    facts["ignoreCase"] = True
        elif name in {"ValidateRegexp", "StringMatch", "RegexMatches"} and args:
            pattern = args[0]["args"][0] if isinstance(args[0], dict) and "MustCompile" in str(args[0].get("call")) else args[0]
            if isinstance(pattern, str):
                facts["pattern"] = pattern
        elif name == "ValidateRFC1035Name" and len(numbers) == 2:
            facts["pattern"] = "^[a-z]([-a-z0-9]{%d,%d}[a-z0-9])$" % (numbers[0] - 2, numbers[1] - 2)
        elif name in {"IntBetween", "Between"} and len(numbers) == 2:
            facts["range"] = numbers
        elif name in {"IntAtLeast", "AtLeast"} and numbers:
            facts["range"] = [numbers[0], None]
        elif name in {"IntAtMost", "AtMost"} and numbers:
            facts["range"] = [None, numbers[0]]
        elif name in {"StringLenBetween", "LengthBetween"} and len(numbers) == 2:
            facts["length"] = numbers
        elif name == "LengthAtMost" and numbers:
            facts["length"] = [0, numbers[0]]
        elif name == "LengthAtLeast" and numbers:
            facts["length"] = [numbers[0], None]
        elif name == "SizeAtLeast" and numbers:
            facts["items"] = [numbers[0], None]
        elif name == "SizeAtMost" and numbers:
            facts["items"] = [0, numbers[0]]
        elif name == "ConflictsWith" and package != "?":
            paths = [self.path(arg) for arg in value["args"]]
            if all(paths):
                facts["conflicts"] = paths

    def path(self, value):
        """`path.MatchRoot("data")` as `data`; relative paths are not followed."""
        if isinstance(value, dict) and value.get("call", "").endswith("MatchRoot") and isinstance(value["args"][0], str):
            return value["args"][0]
        return None
