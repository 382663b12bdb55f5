"""Writes the demo model's training, calibration and hold-out text from a small grammar world.

    python make_text.py

Standard library only; the same bytes every time. Everything the text says comes from the tables and templates
below. Facts (what an otter eats, what a cooper makes) are the same in all three files; people and towns are
not: a name is a pair of syllables, and the pairs are divided among the files, so that no name of the hold-out
text is in the training text. `train.txt` goes to `output/` (not committed), the other two beside this script.
"""

import pathlib
import random
import re

ANIMALS = """heron:by the river:fish:stands still on one leg;otter:in the stream:fish:floats on its back
mole:under the lawn:worms:digs with broad hands
badger:in the old wood:roots and worms:sleeps all day in its sett
owl:in the hollow oak:mice:turns its head right round
swallow:under the eaves:flies:goes south before winter
hare:in the open field:grass:runs faster than any dog;hedgehog:under the hedge:slugs:rolls into a ball
squirrel:in the tall beech:nuts:hides food and forgets it;frog:in the pond:flies:begins life as a tadpole
bat:in the church tower:moths:hears its way in the dark
fox:at the edge of the wood:mice:carries its tail like a flag
robin:in the garden:worms:sings even in the snow;woodpecker:in the dead elm:beetles:drums on the bark
beaver:in the quiet lake:bark:builds a dam of sticks
goat:on the steep hill:thorns:climbs where no one else can
donkey:in the paddock:hay and thistles:will not be hurried
sheep:on the high pasture:grass:follows its neighbour;hen:in the farmyard:grain:scratches for seeds
goose:on the village green:grass:guards the gate like a dog
bee:in the straw hive:nectar:dances to tell the way
spider:behind the shutter:flies:mends its web each morning
snail:under the flower pot:leaves:carries its house;toad:in the cellar:slugs:comes out after rain
seal:on the cold rocks:fish:claps when it is content
gull:along the harbour wall:scraps:steals from careless hands;crab:in the rock pool:weeds:walks sideways
eel:in the muddy river:small fish:travels over wet grass at night
rabbit:in the sandy bank:clover:thumps to warn its friends
mouse:behind the stove:crumbs:squeezes through any gap
deer:in the birch forest:young leaves:freezes when a twig snaps
crow:on the chimney:anything at all:remembers faces;dove:in the white loft:seeds:comes home from far away
pony:in the stable yard:oats:likes its nose stroked;cow:in the long meadow:grass:chews all afternoon
duck:on the mill pond:water weeds:lets rain roll off its back
lizard:on the warm stones:ants:leaves its tail behind;cricket:in the tall grass:leaves:sings with its wings
swan:on the wide lake:water weeds:glides without a sound
wren:in the ivy:spiders:has a voice larger than itself"""
TRADES = """baker:bakery:oven paddle:loaves:bakes;cooper:yard:iron hoop:barrels:builds
smith:forge:hammer:horseshoes:beats out;potter:pottery:wheel:jugs:turns
weaver:weaving shed:loom:blankets:weaves;tailor:shop:needle:coats:sews
miller:mill:grindstone:sacks of flour:grinds;cobbler:workshop:awl:boots:mends
carpenter:workshop:plane:tables:makes;fisher:harbour:net:baskets of herring:lands
beekeeper:apiary:smoker:pots of honey:gathers;mason:quarry:chisel:gateposts:carves
gardener:greenhouse:spade:trays of seedlings:raises;printer:print room:press:posters:prints
candlemaker:back kitchen:mould:candles:pours;glazier:glasshouse:cutter:window panes:cuts
thatcher:rick yard:rake:roofs:lays;shepherd:hill farm:crook:fleeces:shears
dairymaid:dairy:churn:pats of butter:churns;basket weaver:willow bed:knife:baskets:plaits
clockmaker:front room:tiny screwdriver:clocks:repairs;saddler:tack room:punch:saddles:stitches
wheelwright:cart shed:spokeshave:cart wheels:shapes;rope maker:long walk:hook:ropes:twists
dyer:dye house:vat:bolts of cloth:colours;painter:studio:brush:shop signs:paints
teacher:school:chalk:lessons:plans;nurse:clinic:thermometer:bandages:rolls
cook:inn:ladle:pots of soup:stirs;bookbinder:bindery:bone folder:notebooks:binds
tinker:wagon:soldering iron:kettles:patches;forester:wood lot:axe:bundles of logs:splits
postman:post office:satchel:parcels:carries;ferryman:landing:pole:boats:steers
brickmaker:kiln:clay mould:bricks:fires;hatter:hat shop:felt block:hats:presses
toymaker:attic:fretsaw:wooden horses:whittles"""
CROPS = """apples:red:autumn:orchard;pears:green:autumn:orchard;plums:purple:late summer:orchard
cherries:dark red:early summer:orchard;carrots:orange:summer:vegetable patch
beets:crimson:autumn:vegetable patch;peas:green:early summer:vegetable patch
beans:green:summer:vegetable patch;leeks:pale green:winter:vegetable patch
onions:golden:late summer:vegetable patch;turnips:white:winter:field;potatoes:brown:autumn:field
pumpkins:orange:autumn:field;cabbages:green:winter:field;strawberries:red:early summer:walled garden
currants:black:summer:walled garden;figs:purple:late summer:walled garden;mushrooms:brown:autumn:wood
chestnuts:brown:autumn:wood;blackberries:black:late summer:hedgerow;nettles:green:spring:hedgerow
sage leaves:grey:summer:herb bed;mint leaves:green:spring:herb bed;parsnips:cream:winter:field
radishes:pink:spring:vegetable patch"""
MATERIALS = """iron:heavy:rusts in the rain;oak:strong:lasts a hundred years;wool:warm:shrinks in hot water
glass:clear:breaks when it falls;wax:soft:melts near a flame;clay:damp:hardens in the fire
straw:light:blows about in the wind;leather:tough:needs oil to stay supple;silk:smooth:shines in the light
copper:reddish:turns green with age;paper:thin:tears with ease;salt:white:vanishes in water
ice:cold:turns back to water;cork:springy:floats on every pond;slate:grey:splits into flat sheets
rope:rough:swells when it is wet"""
OPPOSITES = """hot cold,high low,early late,wide narrow,full empty,heavy light,loud quiet,young old
rough smooth,deep shallow,bright dim,sharp blunt,wet dry,near far,brave timid,rich poor,tall short
clean dirty,fast slow,hard soft,strong weak,sweet sour,open shut,north south,east west,first last
always never,above below,before after,inside outside,morning evening,summer winter,ask answer,begin end
buy sell,lose find,push pull,rise fall,give take,laugh cry,lead follow,remember forget,whisper shout
arrive leave"""
PLACES = """in the barn,in the kitchen,in the cellar,in the attic,in the garden,in the orchard
in the chapel,in the schoolroom,at the mill,at the forge,at the inn,at the harbour,at the well
at the market,by the bridge,by the fountain,by the old gate,on the hill,on the green,on the quay
in the library,in the stable,in the boathouse,in the workshop,in the hayloft,in the pantry,in the tower
in the courtyard,at the crossroads,at the station,by the duck pond,under the lime tree,in the greenhouse
in the laundry"""
NOUNS = """lantern,basket,key,book,kettle,scarf,whistle,map,bottle,ladder,broom,umbrella,spoon,mirror,drum
flute,letter,parcel,blanket,bucket,compass,violin,teapot,hat,glove,box,bell,jar,clock,cup,saucer,ribbon
hammer,saw,rope,coin,button,candle,purse,mitten,bowl,kite,marble,cushion,telescope,rake,picture,ball
chessboard,sledge,apron,notebook,pencil,feather,stone,shell,lamp,tray,pot,chair"""
QUALITIES = """brass,wooden,blue,red,green,yellow,old,new,small,large,silver,painted,cracked,striped,heavy
broken,borrowed,shiny,dusty,plain,round,square,leather,copper,clean,rusty,white,black,tiny,battered
handsome,folded,crooked,forgotten,favourite,carved,grey"""
MOODS = """glad:smiled;sad:sighed;tired:yawned;cross:frowned;proud:stood very straight
curious:leaned closer;worried:bit a fingernail;hungry:looked at the bread;cheerful:hummed a tune
shy:looked at the floor;sleepy:rubbed both eyes;surprised:dropped a spoon"""
SKIES = """raining:umbrella:the puddles grew;snowing:pair of mittens:the roofs turned white
windy:woollen scarf:the shutters banged;sunny:straw hat:the cats lay in the lane
foggy:lantern:the hills disappeared;frosty:thick coat:the pond froze at its edges
cloudy:light jacket:the swallows flew low;stormy:long cloak:the river rose
hot:jug of water:the dogs slept in the shade"""
TOWN_PARTS = ("Ash Birch Clay Dun Elm Fern Green Hazel Ivy Kings Long Marsh North Oak Pebble Rush Stone "
              "Thorn Under Willow").split()
TOWN_ENDS = "ford bridge ton field wick mouth well brook dale ham stead combe".split()
NAME_PARTS = "Al Bel Cor Dar El Fen Gar Hal Il Jor Kel Lor Mar Nel Or Per Ros Sel Tam Ul Ver Wil".split()
HERS, HIS = "ina ette ia wen issa ora by lin a".split(), "an in us rick o den bert ton mund".split()
FAMILY_PARTS = ("Apple Barley Copper Dove Farrow Glen Harrow Larch Mill Nettle Plover Reed Sparrow Tansy "
                "Wheat Yarrow").split()
FAMILY_ENDS = "worth man well by hurst son croft gate".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
ONES = ("nought one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen").split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()


def rows(text):
    return [row.split(":") for row in re.split("[;\n]", text)]


def words(text):
    return re.split("[,\n]", text)


def number(n):
    """A whole number from 0 to 999 in words."""
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + ("-" + ONES[n % 10] if n % 10 else "")
    return ONES[n // 100] + " hundred" + (" and " + number(n % 100) if n % 100 else "")


def series(items):
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


class Person:
    def __init__(self, first, family, female, age, trade):
        self.first, self.family, self.age, self.trade = first, family, age, trade
        self.he, self.him, self.his = ("she", "her", "her") if female else ("he", "him", "his")
        self.title = "Mrs" if female else "Mr"
        self.job, self.shop, self.tool, self.goods, self.does = trade

    def __str__(self):
        return self.first


class Writer:
    """One stream of pages; every name belongs to one of ten parts, and `parts` are those it may use."""

    def __init__(self, seed, parts):
        self.rng = random.Random(seed)

        def keep(firsts, seconds, shift):
            return [a + b for i, a in enumerate(firsts) for j, b in enumerate(seconds)
                    if (3 * i + 7 * j + shift) % 10 in parts]

        self.women, self.men = keep(NAME_PARTS, HERS, 0), keep(NAME_PARTS, HIS, 4)
        self.families, self.towns = keep(FAMILY_PARTS, FAMILY_ENDS, 1), keep(TOWN_PARTS, TOWN_ENDS, 2)

    def pick(self, items):
        return self.rng.choice(items)

    def sample(self, items, n):
        return self.rng.sample(items, n)

    def chance(self, p):
        return self.rng.random() < p

    def roll(self, low, high):
        return self.rng.randint(low, high)

    def people(self, n):
        ages, trades = self.sample(range(19, 80), n), self.sample(rows(TRADES), n)
        women, men = self.sample(self.women, n), self.sample(self.men, n)
        sides = [self.chance(0.5) for _ in range(n)]
        return [Person(she if side else he, self.pick(self.families), side, age, trade)
                for she, he, side, age, trade in zip(women, men, sides, ages, trades)]

    def things(self, n):
        qualities, nouns = self.sample(words(QUALITIES), n), self.sample(words(NOUNS), n)
        return [f"{quality} {noun}" for quality, noun in zip(qualities, nouns)]

    def say(self, text):
        """Decides every `<this|or that>`, innermost first; puts in `an` and the capitals."""
        while "<" in text:
            text = re.sub(r"<([^<>]*)>", lambda m: self.pick(m[1].split("|")), text)
        text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
        return re.sub(r'(^"?|[.!?]"? "|[.!?] |: ")([a-z])', lambda m: m[1] + m[2].upper(), text)

    # Kinds of page. Each returns the paragraphs of one page.

    def errands(self):
        """People carry things about; every answer at the end follows from the sentences before it."""
        say = self.say
        cast, places, things = self.people(3), self.sample(words(PLACES), 4), self.things(4)
        where = {p: self.pick(places) for p in cast}
        held = {t: self.pick(places) for t in things}
        sky, wear, sign = self.pick(rows(SKIES))
        day, town = self.pick(DAYS), self.pick(self.towns)
        out = [say(f"It was <a {sky} {day}|{day}, and {sky},|a busy day and {sky}> in {town}.")]
        out += [say(f"{p} <was|was busy|stood|waited> {where[p]}.") for p in cast]
        out += [say(f"<the {t} was|there was a {t}> {held[t]}.") for t in things]
        last = None
        for _ in range(self.roll(8, 16)):
            p = last if last and self.chance(0.4) else self.pick(cast)
            name = p.he if p is last else p
            mine = [t for t in things if held[t] is p]
            near = [t for t in things if held[t] == where[p]]
            beside = [q for q in cast if q is not p and where[q] == where[p]]
            if mine and beside and self.chance(0.6):
                t, q = self.pick(mine), self.pick(beside)
                held[t] = q
                out.append(say(f"{name} <gave the {t} to {q}|handed {q} the {t}>."))
                if self.chance(0.3):
                    out.append(say(f'<"Thank you," said {q}.|{q} <smiled|nodded>.>'))
                    p = None
            elif near and self.chance(0.7):
                t = self.pick(near)
                held[t] = p
                out.append(say(f"{name} <picked up|took|found and kept> the {t}."))
            elif mine and self.chance(0.3):
                t = self.pick(mine)
                held[t] = where[p]
                out.append(say(f"{name} <put down|left> the {t} {where[p]}."))
            else:
                where[p] = self.pick([x for x in places if x != where[p]])
                load = " and ".join(f"the {t}" for t in mine)
                carry = f", carrying {load}" if mine and not self.chance(0.5) and len(mine) < 3 else ""
                out.append(say(f"<then |after a while |>{name} <went to wait|went to stand|hurried to be> "
                               f"{where[p]}{carry}."))
            last = p
        if self.chance(0.5):
            p = self.pick(cast)
            out.append(say(f"<all day|by evening> it was still {sky}, and {sign}. {p} <fetched|was glad of> "
                           f"a {wear}."))
        asks = []
        for t in self.sample(things, self.roll(1, 3)):
            h = held[t]
            answer = f"{h} has it, {where[h]}" if isinstance(h, Person) else f"It is {h}"
            asks.append(f"Where is the {t}? {answer}.")
        for p in self.sample(cast, self.roll(1, 2)):
            load = sum(held[t] is p for t in things)
            asks.append(say(f"Where is {p}? {p.he} is {where[p]}."))
            asks.append(say(f"<how many|what number of> things does {p} carry? "
                            f"{number(load) if load else 'none'}."))
        return [" ".join(out), " ".join(asks)]

    def market(self):
        """Multiplication, a running sum and change."""
        p, seller = self.people(2)
        buys = self.sample(rows(CROPS), self.roll(2, 4))
        total, out = 0, []
        for i, (crop, *_) in enumerate(buys):
            n, price = self.roll(2, 9), self.roll(2, 6)
            total += n * price
            out.append(self.say(f"{p.he if i else p} bought {number(n)} {crop} at {number(price)} "
                                f"pence each, which <came to|made|cost> {number(n * price)} pence."))
            if i:
                out.append(self.say(f"<so far that was|now the sum was|together that made> {number(total)} "
                                    "pence."))
        paid = total // 50 * 50 + self.pick([50, 100])
        town, day = self.pick(self.towns), self.pick(DAYS)
        cost, rest, purse = number(total), number(paid - total), number(paid)
        return [" ".join([
            f"{p} {p.family} went to the market in {town} on {day} with {purse} pence.", *out,
            f"{p} paid {cost}, and {seller} {seller.family}, the {seller.job}'s cousin, gave {p.him} "
            f"{rest} pence in change.", self.say(f"How much is left? {purse} take away {cost} is {rest}.")])]

    def recipe(self):
        """A list, steps over the same list in the same order, and the list doubled."""
        say = self.say
        crops = self.sample(rows(CROPS), self.roll(2, 3))
        dish, vessel, heat, fat = self.pick([
            ("soup", "deep pot", "simmer", "butter"), ("pie", "round dish", "bake", "lard"),
            ("stew", "iron pot", "stew", "oil"), ("pudding", "basin", "steam", "butter"),
            ("relish", "wide pan", "boil", "oil")])
        spice = self.pick("salt pepper nutmeg thyme ginger honey cinnamon mustard".split())
        n, minutes = self.roll(2, 6), 5 * self.roll(3, 12)
        (first, colour, season, _), amounts = crops[0], [self.roll(2, 12) for _ in crops]
        steps = [say(f"<wash|rinse> the {c[0]} and <slice|chop|dice> them <finely|thickly|into cubes>.")
                 for c in crops]
        steps.append(say(f"Melt the {fat} in the {vessel} and add the {first}< first|>."))
        steps += [say(f"<stir in|tip in|then add> the {c[0]}.") for c in crops[1:]]
        steps.append(f"Season with {spice}, cover the {vessel} and {heat} for {number(minutes)} minutes.")
        once, twice = (series([f"{number(k * a)} {c[0]}" for a, c in zip(amounts, crops)]) for k in (1, 2))
        name = first if first[-3:] in ("ies", "oes", "hes", "ves") else first[:-1]
        return [say(f"{name} {dish} for {number(n)} people."),
                say(f"You will need {once}, a <little|pinch of> {spice}, some {fat} and a {vessel}."),
                " ".join(f"{i + 1}. {s}" for i, s in enumerate(steps)),
                say(f"For {number(2 * n)} people, use {twice}. {first} are {colour} and are ready in "
                    f"{season}.")]

    def directions(self):
        """A path, then the same path backwards with its turns reversed."""
        say = self.say
        stops = [p.split(" the ")[1] for p in self.sample(words(PLACES), self.roll(3, 5))]
        turns = [self.pick(["left", "right", "straight on"]) for _ in stops[1:]]
        back = {"left": "right", "right": "left", "straight on": "straight on"}
        p, q = self.people(2)

        def path(stops, turns):
            return " ".join(say(f"<then |>go {turn} <at|by|past> the {a} <until you see|and walk to> the "
                                f"{b}.")
                            for a, b, turn in zip(stops, stops[1:], turns))

        greeting = f"<excuse me|good {self.pick(['morning', 'evening', 'day'])}|pardon me>"
        return [say(f'"{greeting}, how do I get from the {stops[0]} to the {stops[-1]}?" asked {p}.'),
                say(f'"{path(stops, turns)} It is about {number(self.roll(4, 30))} minutes on foot," '
                    f"{q} <answered|replied|said>."),
                say(f'"And how do I come back?" asked {p}. '
                    f'"{path(stops[::-1], [back[t] for t in turns[::-1]])}" '
                    f"{p} thanked {q.him} and {p.he} set off.")]

    def lost(self):
        """A small story: something is missed, looked for and found with a neighbour's help."""
        say = self.say
        p, q = self.people(2)
        thing, (gift,) = self.things(2)[0], self.things(1)
        first, second, third = self.sample(words(PLACES), 3)
        _, act = self.pick(rows(MOODS))
        animal, _, _, habit = self.pick(rows(ANIMALS))
        noun = thing.split()[-1]
        years, town, day = number(self.roll(2, 18)), self.pick(self.towns), self.pick(DAYS)
        kin = self.pick(["mother", "father", "uncle", "aunt", "grandmother"])
        start = say(
            f"{p} {p.family} the {p.job} <lived|had lived for {years} years> in {town}. "
            f"<one|early one> {day} {p.he} could not find {p.his} {thing}. {p.he} was <worried|upset>, "
            f"because {p.he} <needed it at the {p.shop}|had it from {p.his} {kin}>.")
        search = say(
            f"{p.he} looked {first}, but the {noun} was not there. {p.he} looked {second}, but "
            f"<there was only a {animal}|all {p.he} saw was a {animal}>, which {habit}. Then {p.he} met {q} "
            f"the {q.job}, who {act}. "
            f'"<why are you so sad|what is the matter|what have you lost>?" asked {q}.')
        joy = self.pick(["glad", "happy", "grateful"])
        found = say(
            f'"I have lost my {thing}," said {p}. "I saw a {noun} {third}," said {q}, who '
            f"<makes friends easily|{q.does} {q.goods}>. So they went together, and there, {third}, "
            f"<lay|was> the {thing}. {p} was so {joy} that {p.he} gave {q} a {gift}. From that day "
            f"{p} and {q} were <friends|good friends|neighbours who shared everything>.")
        asks = say(f"What had {p} lost? The {thing}. Who helped {p.him}? {q} the {q.job}. Where was it? It "
                   f"was {third}.")
        return [start, search, found, asks]

    def diary(self):
        """Days in order, weather that lasts, and a sum carried from day to day."""
        p, q = self.people(2)
        day, date, month = self.roll(0, 6), self.roll(1, 20), self.pick(MONTHS)
        out, total = [f"{p.title} {p} {p.family}, {p.job}, {month}."], 0
        sky, wear, sign = self.pick(rows(SKIES))
        for i in range(self.roll(3, 5)):
            made = self.roll(1, 9)
            total += made
            mood, act = self.pick(rows(MOODS))
            same = i and self.chance(0.5)
            if not same:
                sky, wear, sign = self.pick(rows(SKIES))
            out.append(self.say(
                f"{DAYS[(day + i) % 7]} the {date + i}. {'It is still' if same else 'Today it is'} {sky}"
                f"<, and {sign}|, so I took a {wear}|>. I was {mood} <this morning|at noon|by evening>. I "
                f"worked at the {p.shop} with my {p.tool}. {q} <came by|called|visited> and {act}. {p.goods} "
                f"finished today: {made}. In all: {total}."))
        return out

    def nature(self):
        """Facts to be kept in the weights, asked for again."""
        say = self.say
        picks = self.sample(rows(ANIMALS), self.roll(2, 4))
        out = [say(f"The {animal} lives {home}. It <eats|likes to eat|feeds on> {food}, and it {habit}.")
               for animal, home, food, habit in picks]
        crop, colour, season, bed = self.pick(rows(CROPS))
        stuff, touch, fate = self.pick(rows(MATERIALS))
        out.append(say(f"{crop} grow in the {bed}; they are {colour} and are gathered in {season}."))
        out.append(say(f"{stuff} is {touch}, and it {fate}."))
        self.rng.shuffle(out)
        animal, home, food, _ = self.pick(picks)
        ask = say(f"What does the {animal} eat? {food}. Where does it live? {home}.")
        animal, home, food, habit = self.pick(rows(ANIMALS))
        return [" ".join(out), ask + " " + say(f"A riddle: I live {home} and eat {food}. Of me they say, "
                                               f'"it {habit}." What am I? A {animal}.')]

    def lesson(self):
        """Sums, opposites, the calendar, trades and counting on."""
        out = []
        for _ in range(self.roll(5, 9)):
            kind, i, k = self.roll(0, 5), self.roll(1, 40), self.roll(1, 40)
            a, b, c = number(i), number(k), number(i + k)
            if kind == 0:
                out.append(self.say(f"<what is {a} and {b}?|add {a} and {b}.> {c}."))
            elif kind == 1:
                out.append(self.say(f"<what is {c} take away {b}?|take {b} from {c}.> {a}."))
            elif kind == 2:
                pair = self.pick(words(OPPOSITES)).split()
                a, b = pair if self.chance(0.5) else pair[::-1]
                out.append(self.say(f"What is the opposite of {a}? {b}."))
            elif kind == 3:
                cycle, unit = self.pick([(DAYS, "day"), (MONTHS, "month")])
                a, b = cycle[i % len(cycle)], cycle[(i + 1) % len(cycle)]
                out.append(self.say(f"Which {unit} comes <after {a}? {b}|before {b}? {a}>."))
            elif kind == 4:
                job, shop, tool, goods, does = self.pick(rows(TRADES))
                out.append(self.say(f"<who works in the {shop} with a {tool}? The {job}|what does the {job} "
                                    f"do? The {job} {does} {goods}>."))
            else:
                start, step = self.roll(1, 12), self.roll(2, 9)
                counts = ", ".join(number(start + step * j) for j in range(self.roll(4, 6)))
                out.append(f"Count on by {number(step)}: {counts}.")
        teacher = self.people(1)[0]
        start = self.say(f"{teacher.title} {teacher.family} <asked the class|wrote on the board>: ")
        return [start + " ".join(out)]

    def chat(self):
        """Two people agree on a day, an hour, a place and a price, and keep to it."""
        say = self.say
        p, q = self.people(2)
        thing, day, hour = self.things(1)[0], self.pick(DAYS), number(self.roll(1, 12))
        place, price = self.pick(words(PLACES)), f"{number(self.roll(2, 9))} {q.goods}"
        mood, act = self.pick(rows(MOODS))
        return [
            say(f'"<good morning|hello|well met>, {q}," said {p}. "<are you {mood}|you look {mood}> today?"'),
            say(f'"A little," said {q}, and {q.he} {act}. "<may I have|will you let me have|'
                f'would you sell me> your {thing}?"'),
            say(f'"<certainly|of course|if you like|with pleasure>," {p} <said|answered>. "'
                f'I will bring the {thing} on {day} at {hour} o\'clock. Where shall we meet?"'),
            say(f'"<meet me|let us meet> {place}," said {q}. "I can give you {price} for it."'),
            say(f"On {day} {p} waited {place} with the {thing}. At {hour} o'clock {q} came with {price}. "
                f"{p.he} gave {q.him} the {thing}, and {q.he} gave {p.him} the {q.goods}. "
                "<both were pleased|it was a fair trade|they shook hands>.")]

    def family(self):
        """Ages compared, subtracted, added to and put in order."""
        cast = self.people(self.roll(3, 4))
        order = sorted(cast, key=lambda p: p.age)
        out = [self.say(f"{p} {p.family} is {number(p.age)} years old and <works as a {p.job}|is a {p.job}|"
                        f"{p.does} {p.goods} for a living>.") for p in cast]
        young, old = sorted(self.sample(cast, 2), key=lambda p: p.age)
        gap, wait, one, any_ = old.age - young.age, young.age % 9 + 2, cast[0], self.pick(cast)
        return [" ".join(out), self.say(
            f"Who is the oldest? {order[-1]}. Who is the youngest? {order[0]}. How much older is {old} "
            f"than {young}? {number(gap)} year{'s' if gap > 1 else ''}. How old will {one} be in "
            f"{number(wait)} years? {number(one.age + wait)}. In order of age they are "
            f"{series([p.first for p in order])}. What does {any_} work with? {any_.his} {any_.tool}.")]

    def page(self):
        kinds = [self.errands] * 3 + [self.lost] * 2 + [self.chat] * 2 + [
            self.market, self.recipe, self.directions, self.diary, self.nature, self.lesson, self.family]
        return "\n".join(self.pick(kinds)())


def write(path, seed, parts, size):
    """Pages up to about `size` bytes, with names from `parts` of the ten parts of all names."""
    writer, pages, total = Writer(seed, parts), [], 0
    while total < size:
        pages.append(writer.page())
        total += len(pages[-1]) + 2
    path.write_text("\n\n".join(pages) + "\n", encoding="utf-8", newline="\n")
    print(f"{path.name}: {len(pages)} pages, {path.stat().st_size} bytes")


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    (here / "output").mkdir(exist_ok=True)
    write(here / "output" / "train.txt", 1, range(8), 12_000_000)
    write(here / "calibration.txt", 2, [8], 400_000)
    write(here / "holdout.txt", 3, [9], 100_000)
