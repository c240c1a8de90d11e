"""Reads composite literals out of Go source: enough of the language for the schemas of Terraform providers."""
import re

TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
      |(?P<raw>`[^`]*`)
      |(?P<string>"(?:\\.|[^"\\])*")
      |(?P<rune>'(?:\\.|[^'\\])+')
      |(?P<number>\d[\w.]*)
      |(?P<name>[A-Za-z_]\w*)
      |(?P<op>:=|==|!=|<=|>=|&&|\|\||<-|\.\.\.|[-+*/%&|^<>=!(){}\[\],;:.~])""",
    re.S | re.X,
)
ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "r": "\r"}


def tokens(text):
    found = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            at += 1
            continue
        at = match.end()
        if match.lastgroup != "space":
            found.append((match.lastgroup, match.group()))
    return found


def unquote(text):
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m.group(1), m.group(0)), text[1:-1])


class Parser:
    """Expressions become: str, number, {"name": …}, {"call": …, "args": […]}, {"type": …, "items": [(key, value)]}."""

    def __init__(self, found):
        self.t = found
        self.i = 0

    def peek(self, ahead=0):
        return self.t[self.i + ahead] if self.i + ahead < len(self.t) else ("end", "")

    def take(self):
        self.i += 1
        return self.t[self.i - 1]

    def skip(self, opening, closing):
        """Past the bracket that closes the one at the cursor."""
        depth = 0
        while self.i < len(self.t):
            kind, text = self.take()
            if kind != "op":
                continue
            depth += (text == opening) - (text == closing)
            if depth == 0:
                return

    def expression(self):
        left = self.unary()
        while self.peek()[0] == "op" and self.peek()[1] in {"+", "-", "*", "/", "|", "&", "%", "<", ">", "==", "!=", "&&", "||", "<=", ">="}:
            operator = self.take()[1]
            right = self.unary()
            if operator == "+" and isinstance(left, str) and isinstance(right, str):
                left += right
            elif isinstance(left, (int, float)) and isinstance(right, (int, float)) and operator in "+-*":
                left = {"+": left + right, "-": left - right, "*": left * right}[operator]
            else:
                left = {"name": "?"}
        return left

    def unary(self):
        kind, text = self.peek()
        if kind == "op" and text in {"&", "-", "+", "!", "*"}:
            self.take()
            value = self.unary()
            return -value if text == "-" and isinstance(value, (int, float)) else value
        return self.postfix(self.primary())

    def primary(self):
        kind, text = self.peek()
        if kind == "string":
            self.take()
            return unquote(text)
        if kind == "raw":
            self.take()
            return text[1:-1]
        if kind == "rune":
            self.take()
            return {"name": "?"}
        if kind == "number":
            self.take()
            try:
                return int(text.replace("_", ""), 0)
            except ValueError:
                try:
                    return float(text)
                except ValueError:
                    return {"name": "?"}
        if text == "(":
            self.take()
            value = self.expression()
            self.take()
            return value
        if text == "[":
            return self.sequence_type()
        if text == "{":
            return self.composite("")
        if text == "func":
            while self.peek()[1] != "{" or self.peek(-1)[1] == "interface":
                if self.peek()[1] == "(":
                    self.skip("(", ")")
                else:
                    self.take()
            self.skip("{", "}")
            return {"name": "func"}
        if text == "map":
            self.take()
            self.skip("[", "]")
            if self.peek()[1] == "*":
                self.take()
            return self.composite("map " + self.type_name())
        self.take()
        return {"name": text}

    def sequence_type(self):
        self.skip("[", "]")
        while self.peek()[1] in {"*", "[", "]"}:
            self.take()
        name = self.type_name()
        if self.peek()[1] == "(":
            self.skip("(", ")")
            return {"name": "?"}
        return self.composite("[]" + name)

    def type_name(self):
        if self.peek()[1] in {"interface", "func"}:
            self.take()
            if self.peek()[1] == "(":
                self.skip("(", ")")
            elif self.peek(1)[1] == "}":
                self.skip("{", "}")
            return "any"
        name = self.take()[1]
        while self.peek()[1] == ".":
            self.take()
            name += "." + self.take()[1]
        return name

    def postfix(self, value):
        while True:
            text = self.peek()[1] if self.peek()[0] == "op" else ""
            if text == "." and isinstance(value, dict):
                self.take()
                member = self.take()[1]
                if "name" in value:
                    value = {"name": value["name"] + "." + member}
                else:
                    value = {"name": member, "of": value}
            elif text == "(" and isinstance(value, dict):
                args = self.arguments()
                value = {"call": value.get("name", "?"), "args": args, **({"of": value["of"]} if "of" in value else {})}
            elif text == "[" and isinstance(value, dict):
                self.skip("[", "]")
            elif text == "{" and isinstance(value, dict) and "name" in value:
                value = self.composite(value["name"])
            else:
                return value

    def arguments(self):
        self.take()
        args = []
        while self.peek()[1] != ")" and self.peek()[0] != "end":
            args.append(self.expression())
            while self.peek()[1] in {",", "..."}:
                self.take()
        self.take()
        return args

    def composite(self, name):
        self.take()
        items = []
        while self.peek()[1] != "}" and self.peek()[0] != "end":
            value = self.expression()
            key = None
            if self.peek()[1] == ":":
                self.take()
                key, value = value, self.expression()
            items.append((key if isinstance(key, str) else key and key.get("name"), value))
            if self.peek()[1] == ",":
                self.take()
        self.take()
        return {"type": name, "items": items}


def functions(text):
    """Functions of a file by name, each as the tokens of its body."""
    found = tokens(text)
    bodies = {}
    i = 0
    while i < len(found):
        parser = Parser(found)
        parser.i = i + 1
        if found[i] == ("name", "func") and parser.peek()[1] == "(":
            parser.skip("(", ")")
        if found[i] == ("name", "func") and parser.peek()[0] == "name":
            name = parser.take()[1]
            while parser.peek()[1] != "{" and parser.peek()[0] != "end":
                if parser.peek()[1] == "(":
                    parser.skip("(", ")")
                else:
                    parser.take()
            start = parser.i
            parser.skip("{", "}")
            bodies[name] = found[start:parser.i]
            i = parser.i
        else:
            i += 1
    return bodies


def variables(text):
    """Package-level `x = …` of composite literals, also inside `var ( … )`."""
    found = tokens(text)
    values = {}
    for i in range(len(found) - 2):
        if found[i][0] == "name" and found[i + 1] in (("op", "="), ("op", ":=")) and (found[i + 2][1] in ("[", "map", "&", "schema") or found[i + 2][0] in ("string", "raw")):
            parser = Parser(found)
            parser.i = i + 2
            try:
                values.setdefault(found[i][1], parser.expression())
            except (IndexError, RecursionError):
                pass
    return values


def constants(text):
    values = {}
    for name, kind, value in re.findall(r"^\s*(?:const\s+)?(\w+)\s*(string\s*)?=\s*\"([^\"]*)\"", text, re.M):
        values[name] = value
    return values


def returned(body):
    """What a body returns, or gives its caller by `x.Schema = …`, as far as it is a composite literal or a call."""
    for i, token in enumerate(body):
        if token == ("name", "return") or token == ("op", "=") and body[i - 1] == ("name", "Schema"):
            parser = Parser(body)
            parser.i = i + 1
            value = parser.expression()
            if isinstance(value, dict) and ("items" in value or "call" in value):
                yield value
