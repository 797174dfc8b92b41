"""An outsider attacks published editions. It shares no code with the service.

    attack.py guess DIR                   who fills a cell with fakes of their own: can they tell if one more came?
    attack.py intervals DIR [--noise N]   what all tables of an edition together say about each inner cell
    attack.py difference DIR              is a published number an exact function of others?

Each prints one line of JSON and leaves the judgement to the caller.

The method under attack is public. A true count n becomes y = n + z, where z is discrete Laplace with the table's
epsilon, never further from 0 than 20 / epsilon. A y under the threshold is shown as "low", any other as the nearest
multiple of round_to. An epsilon of 0 or null stands for a table without noise, so that bad tables can be tried too.
"""

import argparse
import functools
import itertools
import json
import math
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from scipy import optimize, sparse, stats

LOW = "low"
# A chance smaller than this is ignored: the cut-off tail of the noise has it.
NEGLIGIBLE = 1e-8
# Bounds that are closer than this do not protect a cell.
NARROW = 10
# The cube has too many inner cells to try all of them in every edition.
CELLS_PER_EDITION = 60
# Only these tables divide the same cases in different ways. Others count other cases.
CUBE = ("platform", "category", "region")
CUBE_TABLES = ("national", "platforms", "platform-category", "platform-region", "category-region")


def read(path):
    return json.loads(path.read_text())


def shown(cell):
    """The published code: "low" or a number."""
    if (cell["value"] is None) != (cell["code"] == LOW):
        raise ValueError(f"neither low nor a number: {cell}")
    return LOW if cell["value"] is None else cell["value"]


def noise_bound(epsilon):
    return round(20 / epsilon) if epsilon else 0


def half_step(round_to):
    """How far rounding moves a number. With an even step it would depend on how halves are rounded."""
    if round_to % 2 == 0:
        raise ValueError(f"round_to must be odd, not {round_to}")
    return (round_to - 1) // 2


# --- guess: the attacker with fakes of their own ---


@functools.cache
def noise(epsilon):
    """The chance of each z from -D to D."""
    bound = noise_bound(epsilon)
    weights = [math.exp(-(epsilon or 0) * abs(z)) for z in range(-bound, bound + 1)]
    return [weight / math.fsum(weights) for weight in weights]


@functools.cache
def chance(code, n, epsilon, threshold, round_to):
    """The chance that a true count n is shown as this code."""
    bound, step = noise_bound(epsilon), half_step(round_to)
    first, last = (n - bound, threshold - 1) if code == LOW else (max(threshold, code - step), code + step)
    weights = noise(epsilon)
    return math.fsum(weights[y - n + bound] for y in range(max(first, n - bound), min(last, n + bound) + 1))


def guess_one(code, k, public):
    """The likelier of "absent" (0) and "present" (1), and whether presence is proved."""
    absent, present = chance(code, k, *public), chance(code, k + 1, *public)
    if math.isclose(absent, present, rel_tol=1e-12):
        return (1 if k % 2 == 0 else 0), False
    return (1 if present > absent else 0), absent == 0 and present >= NEGLIGIBLE


def at_edge(k, epsilon, threshold, round_to):
    """Whether one more case would be shown differently without noise: these k are an attacker's best."""
    step = half_step(round_to)
    return k + 1 == threshold or (k + 1 > threshold and (k + 1 + step) % round_to == 0)


def guess(folder):
    table = functools.cache(lambda name: read(folder / name))
    totals, seen = defaultdict(Counter), defaultdict(lambda: [0, 0])
    for case in read(folder / "truth.json")["cases"]:
        t, k, present = table(case["file"]), case["known"], case["present"]
        public = (t["epsilon"], t["threshold"], t["round_to"])
        code = shown(t["cells"][case["cell"]])
        best, proved = guess_one(code, k, public)
        edge = at_edge(k, *public)
        totals[str(public[0])].update(
            cases=1, right=best == present, proved=proved and present, edge=edge, edge_right=edge and best == present
        )
        seen[public, k, code][present] += 1

    def summary(c):
        shares = {"right": share(c["right"], c["cases"]), "right_at_edges": share(c["edge_right"], c["edge"])}
        return {"cases": c["cases"]} | shares | {"proved": int(c["proved"])}

    return summary(sum(totals.values(), Counter())) | {
        # Cases whose code came up 40 times or more for one known count, always with the same presence. With epsilon
        # 0.5 or less, and half of the cases present, this happens to such a code less than once in 50 million. It
        # finds noise that is cut off too early, whatever the files say of it.
        "certain": sum(sum(s) for s in seen.values() if sum(s) >= 40 and 0 in s),
        "by_epsilon": {epsilon: summary(c) for epsilon, c in sorted(totals.items())},
    }


def share(part, whole):
    return round(part / whole, 4) if whole else None


# --- difference: is one number made from others? ---


def sums(table, names):
    """For each key over these dimensions: the sum of the shown cells, and the variance that the method gives it.

    A sum with a low part is left out: it is not known.
    """
    alpha = math.exp(-table["epsilon"]) if table["epsilon"] else 0
    variance = 2 * alpha / (1 - alpha) ** 2 + (table["round_to"] ** 2 - 1) / 12
    groups = defaultdict(list)
    for cell in table["cells"]:
        groups[tuple(cell["key"][name] for name in names)].append(shown(cell))
    return {key: (sum(codes), variance * len(codes)) for key, codes in groups.items() if LOW not in codes}


def misses(tables):
    """For every two tables of an edition and every count that both give: by how much they miss each other.

    Each miss comes with its square over what the method predicts. That is 1 on average, because each number has a
    draw of its own. Rounding alone gives about 0.2, exact numbers 0.
    """
    for one, other in itertools.combinations(tables, 2):
        names = sorted({d["name"] for d in one["dimensions"]} & {d["name"] for d in other["dimensions"]})
        ours, theirs = sums(one, names), sums(other, names)
        for key in sorted(ours.keys() & theirs.keys()):
            miss = ours[key][0] - theirs[key][0]
            yield f"{one['table']} {other['table']}", miss, miss**2 / max(ours[key][1] + theirs[key][1], 1)


def too_close(squares, at_least, likelihood):
    """Whether the misses are so small that true noise gives this with the given likelihood at most."""
    return len(squares) >= at_least and sum(squares) < stats.chi2.ppf(likelihood, len(squares))


def difference(folder):
    """A year that is published as the sum of its quarters adds no draw, so it is not compared with them."""
    files, copies_differ = {}, 0
    for path in sorted(folder.rglob("*.json")):
        content = path.read_bytes()
        data = json.loads(content)
        if isinstance(data, dict) and {"edition", "table", "cells"} <= set(data):
            known, _ = files.setdefault((data["edition"], data["table"]), (content, data))
            copies_differ += known != content
    editions, pairs, repeated = defaultdict(list), defaultdict(list), 0
    for (edition, _), (_, data) in sorted(files.items()):
        # The same numbers in two editions would mean that draws or counts were used twice.
        numbers = sum(cell["value"] is not None for cell in data["cells"])
        others = (d for (e, _), (_, d) in files.items() if e < edition and d["table"] == data["table"])
        repeated += numbers >= 10 and any(d["cells"] == data["cells"] for d in others)
        if all(d["name"] in CUBE for d in data["dimensions"]):
            editions[edition].append(data)
    for tables in editions.values():
        for pair, miss, square in misses(tables):
            pairs[pair].append((miss, square))
    report = {"editions": len({e for e, _ in files}), "tables": len(files), "copies_differ": copies_differ}
    report |= {"repeated": repeated, "compared": 0, "equal": 0, "weak": [], "pairs": {}}
    for pair, found in sorted(pairs.items()):
        squares, equal = [square for _, square in found], sum(miss == 0 for miss, _ in found)
        report["pairs"][pair] = {"compared": len(found), "equal": equal, "spread": share(sum(squares), len(found))}
        report["compared"] += len(found)
        report["equal"] += equal
        # Of few misses many can be small by chance.
        if too_close(squares, 7, 1e-4):
            report["weak"].append(pair)
    return report


# --- intervals: what all tables of an edition together say ---


def cube_rows(tables):
    """One row of 0 and 1 for each published cell: which entries of the cube it counts."""
    domain = {d["name"]: d["values"] for t in tables for d in t["dimensions"]}
    size = [len(domain[name]) for name in CUBE]
    entries = np.arange(math.prod(size)).reshape(size)
    counted = []
    for cell in (cell for t in tables for cell in t["cells"]):
        at = tuple(domain[d].index(cell["key"][d]) if d in cell["key"] else slice(None) for d in CUBE)
        counted.append(entries[at].ravel())
    rows = np.repeat(np.arange(len(counted)), [len(c) for c in counted])
    columns = np.concatenate(counted)
    return sparse.csr_array((np.ones(len(columns)), (rows, columns)), shape=(len(counted), entries.size))


def facts(tables, bound):
    """The lowest and the highest true count of each published cell. A bound replaces what the tables state."""
    low, high = [], []
    for t in tables:
        d = noise_bound(t["epsilon"]) if bound is None else bound
        step = half_step(t["round_to"])
        for code in map(shown, t["cells"]):
            low.append(0 if code == LOW else max(0, code - step - d))
            high.append(t["threshold"] - 1 + d if code == LOW else code + step + d)
    return np.array(low, float), np.array(high, float)


def least(goal, matrix, low, high):
    """The least value of the goal over x >= 0, or None if no x agrees with the facts."""
    facts_hold = optimize.LinearConstraint(matrix, low, high)
    # The programme is small: simplifying it first takes longer than it saves.
    result = optimize.milp(goal, constraints=facts_hold, options={"presolve": False})
    if result.status not in (0, 2):
        raise RuntimeError(result.message)
    return result.fun


def intervals(folder, bound):
    """Bound each inner cell by linear programming.

    The true counts are whole numbers, which may be bound more tightly than real ones: these are outer bounds. A cell
    that fails here leaks. A cell that passes has passed this attack only. Editions count different cases, so one says
    nothing about another and each is a programme of its own.
    """
    folders = sorted(path.parent for path in folder.glob("*/national.json"))
    editions = [[read(edition / f"{name}.json") for name in CUBE_TABLES] for edition in folders]
    # Tables that agree with each other far too well have no noise, whatever they state. An attacker sees that.
    if bound is None and too_close([square for tables in editions for _, _, square in misses(tables)], 10, 1e-6):
        bound = 0
    models, widths, cells, impossible, unprotected = {}, [], 0, 0, 0
    for number, tables in enumerate(editions):
        # The model is built once for all editions that have the same cells.
        shape = json.dumps([[t["dimensions"], [cell["key"] for cell in t["cells"]]] for t in tables])
        if shape not in models:
            models[shape] = cube_rows(tables)
        matrix, (low, high) = models[shape], facts(tables, bound)
        first, inner = len(tables[0]["cells"]) + len(tables[1]["cells"]), tables[2]
        count = len(inner["cells"])
        tried = min(count, CELLS_PER_EDITION)
        for i in range(tried):
            # An even sample. It starts elsewhere in each edition, so that together they see more cells.
            goal = matrix[[first + (i * count // tried + number) % count]].toarray()[0]
            lowest = least(goal, matrix, low, high)
            cells += 1
            if lowest is None:
                # The files contradict their own method, so it promises nothing.
                impossible += 1
                continue
            # Only whole counts lie within, apart from the solver's own small error.
            lowest, highest = math.ceil(lowest - 1e-6), math.floor(-least(-goal, matrix, low, high) + 1e-6)
            widths.append(highest - lowest)
            unprotected += widths[-1] < NARROW or (lowest >= 1 and highest < inner["threshold"])
    return {
        "editions": len(editions),
        "cells": cells,
        "unprotected": unprotected + impossible,
        "narrowest": min(widths, default=None),
        "impossible": impossible,
        "noise_assumed": "as stated" if bound is None else bound,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attack", choices=["guess", "intervals", "difference"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--noise", type=int, help="what if the noise were never more than this?")
    options = parser.parse_args()
    if options.attack == "intervals":
        report = intervals(options.folder, options.noise)
    else:
        report = {"guess": guess, "difference": difference}[options.attack](options.folder)
    # An attack on nothing must not look like one that failed.
    if not any(report.get(name) for name in ("cases", "cells", "tables")):
        sys.exit(f"{options.folder}: nothing to attack")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
