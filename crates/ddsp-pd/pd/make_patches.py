"""Writes the two patches: ddsp-timbre-transfer.pd and timbre_transfer-help.pd.

    python3 crates/ddsp-pd/pd/make_patches.py

A patch is a list of objects and of the cords between them by number; here objects have names instead. Needs only
Python's standard library.
"""

import pathlib

HERE = pathlib.Path(__file__).parent


class Patch:
    def __init__(self, width, height, declare=None):
        self.lines = [f"#N canvas 60 60 {width} {height} 12;"]
        self.n, self.cords = 0, []
        if declare:
            self.lines.append("#X declare -lib ddsp;")
            self.obj(width - 290, 8, declare)

    def add(self, line):
        self.lines.append(line + ";")
        self.n += 1
        return self.n - 1

    def obj(self, x, y, text):
        return self.add(f"#X obj {x} {y} {escaped(text)}")

    def msg(self, x, y, text):
        return self.add(f"#X msg {x} {y} {escaped(text)}")

    def text(self, x, y, text, width=0):
        return self.add(f"#X text {x} {y} {escaped(text)}" + (f", f {width}" if width else ""))

    def button(self, x, y, send, label, size=22):
        self.text(x + size + 4, y + size // 2 - 10, label)
        return self.obj(x, y, f"bng {size} 250 50 0 {send} empty empty 0 -8 0 13 #fcfcfc #000000 #000000")

    def toggle(self, x, y, send, on):
        return self.obj(x, y, f"tgl 22 1 {send} {send}-set empty 30 11 0 13 #fcfcfc #000000 #000000 {on} 1")

    def number(self, x, y, send, low, high, value, width=7):
        return self.obj(x, y, f"nbx {width} 20 {low} {high} 0 1 {send} {send}-set empty 0 -8 0 13 #fcfcfc #000000 "
                              f"#000000 {value} 256")

    def slider(self, x, y, send, low, high, width=161):
        # 160 steps, so that 0 is one of them; it is set by the number beside it.
        return self.obj(x, y, f"hsl {width} 20 {low} {high} 0 0 {send} {send}-set empty -2 -8 0 13 #fcfcfc #000000 "
                              "#000000 0 1")

    def panel(self, x, y, width, height, colour):
        return self.obj(x, y, f"cnv 15 {width} {height} empty empty empty 20 12 0 14 {colour} #404040 0")

    def cord(self, a, outlet, b, inlet=0):
        self.cords.append(f"#X connect {a} {outlet} {b} {inlet};")

    def chain(self, *objects):
        for a, b in zip(objects, objects[1:]):
            self.cord(a, 0, b)

    def sub(self, x, y, name, inner):
        width, height = inner.lines[0].split()[4:6]
        self.lines += [f"#N canvas 0 22 {width} {height} {name} 0;", *inner.lines[1:], *inner.cords]
        return self.add(f"#X restore {x} {y} pd {name}")

    def write(self, name):
        (HERE / name).write_text("\n".join(self.lines + self.cords) + "\n")


def escaped(text):
    return text.replace(",", " \\,").replace(";", " \\;").replace("$", "\\$")


def array(patch, x, y, name, width, height, label_y):
    patch.lines += [f"#N canvas 0 22 450 300 (subpatch) 0;", f"#X array {name} 1000 float 3;",
                    "#A 0" + " 0" * 1000 + ";", f"#X coords 0 1 999 -1 {width} {height} 1 0 0;"]
    return patch.add(f"#X restore {x} {y} graph")


def step(patch, y, height, title):
    patch.panel(10, y, 846, height, "#e8eef4")
    patch.text(18, y + 6, title)


CONTROLS = [
    ("f0_octave_shift", "f0 octave shift (octaves)", -4, 4, 0),
    ("f0_confidence_threshold", "f0 confidence threshold (0 to 1)", 0, 1, 0),
    ("loudness_db_shift", "loudness shift (dB)", -60, 60, 0),
    ("quiet", "quiet: gaps down by (dB)", 0, 120, 20),
    ("autotune", "autotune (0 to 1)", 0, 1, 0),
]


def main_patch():
    p = Patch(880, 660, "declare -lib ddsp")
    p.text(18, 8, "Timbre transfer: sing or play, hear it as another instrument")
    # 1: the instrument.
    step(p, 34, 84, "1  choose an instrument")
    p.button(24, 62, "tt-alto", "alto_sax (built in)")
    p.button(250, 62, "tt-openmodel", "open a model: .ddsp, or the .gin of a checkpoint")
    p.text(18, 92, "instrument:")
    p.add("#X symbolatom 110 92 60 0 0 0 - tt-modelname - 12")
    # 2: the recording.
    step(p, 126, 176, "2  record or open a sound")
    p.button(24, 154, "tt-record", "record 5 s")
    p.button(150, 154, "tt-openfile", "open")
    p.button(250, 154, "tt-normalize", "normalize")
    p.button(380, 154, "tt-playin", "play")
    array(p, 24, 198, "tt-in", 816, 92, 0)
    # 3: the transfer.
    step(p, 310, 346, "3  transfer")
    for i, (name, label, low, high, value) in enumerate(CONTROLS):
        y = 338 + 28 * i
        p.text(18, y, label)
        p.slider(290, y, f"tt-{name}", low, high)
        p.number(470, y, f"tt-{name}-n", low, high, value)
    p.text(600, 338, "auto adjust")
    p.toggle(740, 338, "tt-adjust", 1)
    p.text(600, 366, "in rate (Hz)")
    p.number(740, 366, "tt-in_sample_rate", 1000, 192000, 44100)
    p.text(600, 394, "out rate (Hz)")
    p.number(740, 394, "tt-out_sample_rate", 8000, 192000, 44100)
    p.button(604, 434, "tt-run", "run", 30)
    p.button(690, 438, "tt-playout", "play")
    p.button(780, 438, "tt-save", "save")
    array(p, 24, 502, "tt-out", 816, 90, 0)
    p.text(18, 600, "done:")
    p.obj(80, 602, "hsl 180 18 0 1 0 0 empty tt-progress empty -2 -8 0 10 #fcfcfc #000000 #000000 0 1")
    p.text(18, 626, "status:")
    # The label of a canvas shows a sentence as it is; a symbol box would show its spaces as `\\ `.
    p.obj(80, 624, "cnv 15 760 22 empty tt-statusline empty 6 11 0 13 #fcfcfc #000000 0")
    p.sub(770, 8, "engine", engine())
    p.write("ddsp-timbre-transfer.pd")


def engine():
    e = Patch(900, 900)
    tt = e.obj(20, 700, "timbre_transfer")
    # What the object answers.
    route = e.obj(20, 740, "route worker transferred opened normalized progress error")
    e.cord(tt, 0, route)
    said = ("the worker is ready", "transferred: play it or save it", "opened", "normalized")
    for i, sentence in enumerate(said):
        once = e.obj(20 + 200 * i, 780, "t b")
        text = e.msg(20 + 200 * i, 810, "symbol " + sentence.replace(" ", "\\ "))
        send = e.obj(20 + 200 * i, 850, "s tt-status")
        e.cord(route, i, once)
        e.chain(once, text, send)
    progress = e.obj(600, 780, "s tt-progress")
    e.cord(route, 4, progress)
    status = e.obj(720, 780, "s tt-status")
    e.cord(route, 5, status)
    told = e.obj(760, 20, "r tt-status")
    label = e.msg(760, 50, "label $1")
    line = e.obj(760, 80, "s tt-statusline")
    e.chain(told, label, line)
    # The start: Pd's rate, the built-in instrument, the worker.
    load = e.obj(20, 20, "loadbang")
    later = e.obj(20, 50, "t b b b")
    rate = e.obj(160, 80, "samplerate~")
    e.chain(load, later)
    e.cord(later, 2, rate)
    rates = e.obj(160, 110, "t f f")
    e.chain(rate, rates)
    for i, name in enumerate(("in", "out")):
        shown = e.obj(160 + 190 * i, 140, f"s tt-{name}_sample_rate-set")
        e.cord(rates, i, shown)
    loading = e.msg(20, 110, "load")
    e.cord(later, 0, loading)
    e.cord(loading, 0, tt)
    # 1: the instrument.
    alto = e.obj(20, 180, "r tt-alto")
    name = e.msg(20, 210, "symbol alto_sax")
    e.cord(alto, 0, name)
    e.cord(later, 1, name)
    open_model = e.obj(200, 180, "r tt-openmodel")
    panel = e.obj(200, 210, "openpanel")
    e.chain(open_model, panel)
    model = e.obj(20, 250, "t a a")
    e.cord(name, 0, model)
    e.cord(panel, 0, model)
    shown = e.obj(120, 280, "s tt-modelname")
    e.cord(model, 1, shown)
    keep = e.obj(20, 280, "symbol")
    e.cord(model, 0, keep, 1)
    # 2: the recording.
    record = e.obj(320, 180, "r tt-record")
    both = e.obj(320, 210, "t b b b b")
    e.chain(record, both)
    on = e.msg(480, 240, "; pd dsp 1")
    e.cord(both, 3, on)
    resize = e.obj(400, 270, "samplerate~")
    times = e.obj(400, 300, "* 5")
    size = e.obj(400, 330, "array size tt-in")
    e.cord(both, 2, resize)
    e.chain(resize, times, size)
    said = e.msg(320, 300, "symbol recording")
    send = e.obj(320, 330, "s tt-status")
    e.cord(both, 1, said)
    e.cord(said, 0, send)
    write = e.obj(320, 390, "tabwrite~ tt-in")
    adc = e.obj(420, 390, "adc~ 1")
    e.cord(both, 0, write)
    e.cord(adc, 0, write)
    after = e.obj(550, 390, "delay 5000")
    stop = e.msg(550, 420, "symbol recorded")
    e.cord(both, 0, after)
    e.chain(after, stop)
    e.cord(stop, 0, send)
    current = e.obj(640, 270, "samplerate~")
    e.cord(both, 2, current)
    heard_at = e.obj(640, 300, "s tt-in_sample_rate-set")
    e.cord(current, 0, heard_at)
    open_file = e.obj(560, 180, "r tt-openfile")
    panel = e.obj(560, 210, "openpanel")
    message = e.msg(560, 240, "open $1 tt-in")
    e.chain(open_file, panel, message, tt)
    file_rate = e.obj(760, 240, "samplerate~")
    e.cord(panel, 0, file_rate)
    e.cord(file_rate, 0, heard_at)
    normalize = e.obj(700, 180, "r tt-normalize")
    message = e.msg(700, 210, "normalize tt-in")
    e.chain(normalize, message, tt)
    # 3: the transfer, with the arguments in the course's order.
    run = e.obj(20, 330, "r tt-run")
    first = e.obj(20, 360, "t b b")
    e.chain(run, first)
    order = ["f0_octave_shift", "f0_confidence_threshold", "loudness_db_shift", "in_sample_rate", "out_sample_rate",
             "adjust", "quiet", "autotune"]
    defaults = {"quiet": 20, "adjust": 1, "in_sample_rate": 44100, "out_sample_rate": 44100}
    pack = e.obj(20, 620, "pack s " + " ".join(f"{defaults.get(name, 0)}" for name in order))
    message = e.msg(20, 650, "run $1 tt-in tt-out $2 $3 $4 $5 $6 $7 $8 $9")
    e.cord(first, 0, keep)
    e.cord(keep, 0, pack)
    e.chain(pack, message, tt)
    working = e.msg(120, 390, "symbol working")
    send = e.obj(120, 420, "s tt-status")
    e.cord(first, 1, working)
    e.cord(working, 0, send)
    for i, name in enumerate(order):
        x, y = 20 + 105 * i, 470 + 30 * (i % 2)
        taken = e.obj(x, y, f"r tt-{name}")
        e.cord(taken, 0, pack, i + 1)
        if name in [control[0] for control in CONTROLS]:
            # Slider and number show each other's value, and `set` keeps it from coming back.
            quietly = e.msg(x, y + 30, "set $1")
            box = e.obj(x, y + 60, f"s tt-{name}-n-set")
            e.chain(taken, quietly, box)
            typed = e.obj(x, y + 85, f"r tt-{name}-n")
            quietly = e.msg(x, y + 105, "set $1")
            slider = e.obj(x, y + 130, f"s tt-{name}-set")
            e.cord(typed, 0, pack, i + 1)
            e.chain(typed, quietly, slider)
        elif name.endswith("rate"):
            shown = e.obj(x, y + 60, f"r tt-{name}-set")
            e.cord(shown, 0, pack, i + 1)
    # Playing and saving; arrays are played at the rate that they are of.
    for i, (name, sound) in enumerate((("playin", "in"), ("playout", "out"))):
        x = 520 + 180 * i
        play = e.obj(x, 560, f"r tt-{name}")
        both = e.obj(x, 590, "t b b")
        on = e.msg(x + 70, 590, "; pd dsp 1")
        e.chain(play, both)
        e.cord(both, 1, on)
        player = e.obj(x, 630, f"tabplay~ tt-{sound}")
        out = e.obj(x, 660, "dac~")
        e.cord(both, 0, player)
        e.cord(player, 0, out)
        e.cord(player, 0, out, 1)
    save = e.obj(20, 890, "r tt-save")
    panel = e.obj(20, 920, "savepanel")
    rate = e.obj(200, 890, "r tt-out_sample_rate")
    rate_set = e.obj(380, 890, "r tt-out_sample_rate-set")
    pair = e.obj(20, 950, "pack s 44100")
    message = e.msg(20, 980, "write -wave -bytes 3 -rate $2 $1 tt-out")
    soundfiler = e.obj(20, 1010, "soundfiler")
    saved = e.msg(20, 1040, "symbol saved")
    done = e.obj(20, 1070, "s tt-status")
    e.chain(save, panel, pair, message, soundfiler)
    e.cord(rate, 0, pair, 1)
    e.cord(rate_set, 0, pair, 1)
    bang = e.obj(120, 1040, "t b")
    e.chain(soundfiler, bang, saved, done)
    return e


def help_patch():
    p = Patch(800, 600)
    meta = Patch(420, 260)
    for i, line in enumerate((
            "KEYWORDS timbre transfer DDSP neural synthesis", "LICENSE MIT or Apache-2.0",
            "DESCRIPTION play an array as another instrument", "INLET_0 load unload run normalize open",
            "INLET_1 the same, for the cords of the course's patch",
            "OUTLET_0 worker transferred opened normalized progress error", "AUTHOR ddsp")):
        meta.text(10, 10 + 30 * i, line)
    p.panel(0, 0, 798, 40, "#c8d8e8")
    p.lines.insert(1, "#X declare -lib ddsp;")
    p.obj(520, 10, "declare -lib ddsp")
    p.text(14, 10, "timbre_transfer - play a recording as another instrument")
    p.sub(660, 12, "META", meta)
    load = p.msg(20, 56, "load")
    unload = p.msg(20, 86, "unload")
    p.text(330, 60, "1. start the worker, it answers 'worker on'", 60)
    record = p.msg(20, 126, "open voice.wav help-in")
    normalize = p.msg(20, 156, "normalize help-in 0.9")
    p.text(330, 126, "2. fill an array from any audio file, of any rate, and scale it to a peak of 0.9", 58)
    run = p.msg(20, 196, "run alto_sax help-in help-out")
    p.text(330, 192, "3. transfer: instrument (alto_sax, a .ddsp file, a Magenta folder or its gin file), array to "
                     "read, array to write", 58)
    every = p.msg(20, 256, "run alto_sax help-in help-out 1 0.3 -6 44100 48000 1 40 0.7")
    p.text(490, 248, "f0_octave_shift f0_confidence_threshold loudness_db_shift in_sample_rate out_sample_rate adjust quiet "
                     "autotune", 40)
    tt = p.obj(20, 316, "timbre_transfer")
    for message in (load, unload, record, normalize, run, every):
        p.cord(message, 0, tt)
    printed = p.obj(20, 346, "print timbre_transfer")
    p.cord(tt, 0, printed)
    p.text(220, 330, "answers: worker on|off, transferred N, opened N, normalized, progress 0-1, error SENTENCE", 74)
    array(p, 20, 400, "help-in", 330, 100, 0)
    array(p, 390, 400, "help-out", 330, 100, 0)
    p.text(20, 516, "The work is done on a thread of its own. Rates that are left out are Pd's, adjust is 1, quiet 20 dB. See "
                    "ddsp-timbre-transfer.pd for a whole patch.", 100)
    p.write("timbre_transfer-help.pd")


main_patch()
help_patch()
