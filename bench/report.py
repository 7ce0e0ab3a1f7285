"""What bench/run prints, and docs/performance.md: bench/performance.md.in with the tables filled
in."""

import os
import platform
import time

import epoch
import workbench
from workbench import PEERS


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def micros_text(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def bounds_of(row):
    """Microseconds that the multiply-adds take at the peak, and reading the weights once from the
    second-level cache: GFLOP/s are 10³ operations, and GB/s 10³ bytes, in a microsecond."""
    peak = row.peak
    return row.w.flops() / peak["gflops"] / 1e3, (row.w.weight_bytes() or 0) / peak["l2"] / 1e3


def bound_of(row):
    return max(bounds_of(row))


def share_text(row, micros):
    """Of the multiply-add peak, or of the second-level cache's bandwidth where that is the nearer
    bound."""
    by_products, by_reading = bounds_of(row)
    return f"{100 * bound_of(row) / micros:.0f} %" + (" of L2" if by_reading > by_products else "")


def ratio_cell(row, peer):
    if peer in row.void and peer not in row.slow:
        return "void"
    if peer not in row.micros:
        return "–"
    if row.disturbed():
        return "disturbed"
    ratio = f"{row.micros[peer] / row.micros['dagc']:.2f}×"
    return f"**{ratio}**" if peer == row.best_peer() else ratio


def time_table(rows, peers):
    """dagc, and by how much it is faster than each peer; the fastest peer's ratio is bold."""
    header = ["step", "threads", "dagc µs", "GFLOP/s", "of peak", "least µs", "of peak"]
    header += [PEERS[p].title for p in peers]
    body = []
    for row in rows:
        ours = row.micros["dagc"]
        single = row.threads > 1 and not row.built.has_threads
        cells = [row.w.title, str(row.threads), micros_text(ours) + (" ¹" if single else "")]
        cells += [f"{row.w.flops() / ours / 1e3:.1f}", share_text(row, ours)]
        cells += [micros_text(row.least["dagc"]), share_text(row, row.least["dagc"])]
        body.append(cells + [ratio_cell(row, peer) for peer in peers])
    return table(header, body) + notes(rows)


def notes(rows):
    text = ""
    if any(row.threads > 1 and not row.built.has_threads for row in rows):
        text += "\n\n¹ The generated C runs on one thread, whatever it is given."
    reasons = {}
    for row in rows:
        for why in row.void.values():
            reasons.setdefault(why, []).append(f"{row.w.title} on {row.threads}")
    for why, places in reasons.items():
        text += f"\n\n{', '.join(places)}: {why}."
    disturbed = [row for row in rows if row.disturbed()]
    if disturbed:
        names = ", ".join(f"{row.w.title} on {row.threads}" for row in disturbed)
        worst = max(row.disturbance for row in disturbed)
        text += f"\n\nDisturbed by other processes (up to {worst:.2f} processors): {names}."
    return text


# By name of the row: times faster than the best of PyTorch and JAX, by number of threads, and share
# of the peak.
GOALS = {
    "w1": ({1: 50}, None), "w2-32": ({1: 5}, None), "w2-128": ({1: 5}, None),
    "w3-sgd": ({1: 2}, 90), "w3-adam": ({1: 2}, 90), "w4": ({1: 6}, 85), "w5": ({1: 2.5}, 85),
    "w6": ({1: 1.7, 2: 2.9}, 80), "w7": ({1: 1.4, 2: 2}, 80), "i3": ({1: 2.2}, 95),
    "i4": ({1: 6}, None),
}  # fmt: skip


def goal_table(rows):
    """What was to be reached, what was, and what a step at the whole peak would reach; of more
    threads than one also how much faster than on one they are."""
    header = ["step", "threads", "goal", "reached", "at the whole peak", "share: goal"]
    header += ["reached, at best", "against one thread", "at best"]
    body, alone = [], {}
    for row in rows:
        ours = row.micros["dagc"]
        one = alone.setdefault(row.w.name, row)
        ratios, share = GOALS[row.w.name]
        beside = [row.micros[p] for p in ("torch", "jax") if p in row.micros]
        best = min(beside, default=None)
        goal = ratios.get(row.threads)
        cells = [row.w.title, str(row.threads), f"{goal:g}×" if goal else "–"]
        cells += [f"{best / t:.2f}×" if best else "–" for t in (ours, bound_of(row))]
        cells += [f"{share} %" if share else "–", share_text(row, row.least["dagc"])]
        for times in ("micros", "least"):
            faster = getattr(one, times)["dagc"] / getattr(row, times)["dagc"]
            cells.append(f"{faster:.2f}×" if row is not one else "–")
        body.append(cells)
    return table(header, body)


def peer_table(rows, peers):
    header = ["step", "threads", *(PEERS[peer].title for peer in peers)]
    body = []
    for row in rows:
        cells = [row.w.title, str(row.threads)]
        for peer in peers:
            known = peer in row.micros
            cells.append(f"{micros_text(row.micros[peer])} {row.variant[peer]}" if known else "–")
        body.append(cells)
    return table(header, body)


def footprint_table(rows, peers):
    header = ["step", "dagc ms", "clang s", "lines of C", "resident MB: dagc"]
    header += [PEERS[peer].title for peer in peers]
    body = []
    for row in rows:
        if row.threads != rows[0].threads:
            continue
        cells = [row.w.title, f"{1e3 * row.built.dagc_seconds:.1f}"]
        cells += [f"{row.built.clang_seconds:.2f}", f"{row.built.lines:,}"]
        for name in ["dagc", *peers]:
            cells.append(f"{row.resident[name] / 1e6:,.1f}" if name in row.resident else "–")
        body.append(cells)
    return table(header, body)


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = [line.split(":", 1) for line in file if ":" in line]
    fields = {key.strip(): value.strip() for key, value in lines}
    name = fields.get("model name", platform.machine())
    if "cpu family" in fields:
        name += f" (family {fields['cpu family']}, model {fields['model']})"
    vector = next((v for v in ("avx512f", "avx2") if v in fields.get("flags", "").split()), "")
    return f"{name}, {len(os.sched_getaffinity(0))} processors" + (vector and f", {vector}")


def machine_text(versions, peaks):
    clang = workbench.run_quietly([workbench.find_clang(), "--version"]).splitlines()[0]
    measured = "; ".join(
        f"on {n} thread{'s' * (n > 1)} {p['gflops']:.0f} GFLOP/s, {p['l1']:.0f} GB/s from L1, "
        f"{p['l2']:.0f} from L2, {p['memory']:.0f} from memory"
        for n, p in peaks.items()
    )
    had = [f"{PEERS[p].title} {version}" for p, version in versions.items() if version is not None]
    missing = [PEERS[p].title for p, version in versions.items() if version is None]
    text = (
        f"{time.strftime('%Y-%m-%d')} · {processor()} · {platform.system()} {platform.release()} · "
        f"{clang}\n\nMultiply-adds, f32, and reading: {measured}. "
        f"Beside it: {', '.join(had) or 'no peer'}."
    )
    return text + (f" Not to be had here: {', '.join(missing)}." if missing else "")


def epoch_text(rows, options):
    """It takes a while, and tells of W2 only."""
    chosen = any(row.w.name == "w2-128" for row in rows)
    return epoch.text(options.dagc) if chosen else "Measured when W2 is."


def report(rows, versions, peaks, options):
    peers = [peer for peer, version in versions.items() if version is not None]
    threads = rows[0].threads
    places = {
        "machine": machine_text(versions, peaks),
        "times": time_table(rows, peers),
        "peers": peer_table(rows, peers),
        "goals": goal_table(rows),
        "footprint": footprint_table(rows, peers),
        "epoch": epoch_text(rows, options),
        "threads": f"{threads} thread{'s' * (threads > 1)}",
        "batches": workbench.BATCHES,
        "flags": " ".join(max((row.built.flags for row in rows), key=len)),
        "losses": workbench.LOSSES,
        "tolerance": f"{workbench.TOLERANCE:g}",
        "rounds": options.rounds,
        "disturbance": f"{workbench.DISTURBANCE:g}",
        "seconds": f"{options.seconds:g}",
        "hopeless": workbench.HOPELESS,
        "patience": workbench.PATIENCE,
        "far": f"{workbench.FAR:g}",
    }
    with open(os.path.join(workbench.BENCH, "performance.md.in"), encoding="utf-8") as file:
        text = file.read()
    for name, value in places.items():
        text = text.replace("{" + name + "}", str(value))
    return text
