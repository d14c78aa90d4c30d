"""Words by what they do in a sentence, as far as `grammar` must know them: plain sets, read at once.

Verbs are those of what people and things do before a camera. A verb that is not here is known by its ending alone.
"""

from __future__ import annotations

from narration.trim import ARTICLES


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Plain forms of verbs.
PLAIN = _listed(
    """
    appear arrive ask bang beam bend blow bounce bow break breathe bring brush burn call carry catch chase
    circle clap climb close collapse come cover crawl cross crouch cry cut dance dash disappear dive drag draw
    drift drink drive drop eat embrace emerge enter face fade fall fight fill find flash flicker fling float fly
    fold follow freeze gallop gasp gather gaze get give glance glow go grab greet grin grip grow hand hang head
    hear help hide hit hold hop hug hurry jog join jump kick kiss kneel knock know land laugh lay lead lean leap
    leave let lie lift light listen look lower make march meet melt mount move need nod open pace pack park pass
    pause pick place play point pour press pull push put race raise reach read rest return ride rise roll run
    rush say scramble scream see seem shake shine shoot shout shrug shut sigh sip sit skip slam sleep slide slip
    smile smoke sneak snow speak spin sprint squat stand stare start stay steal step stop stretch stride stroll
    struggle stumble surround sway sweep swim swing take talk tear tell think throw tie tiptoe toss touch
    tremble try turn vanish wade wait wake walk wander want watch wave wear weep wink wipe work write yawn yell
    """
)
# Of their forms with an s, those that are as often nouns: "two steps", "the street lights", "both hands".
NOUNS_TOO = _listed(
    """
    arms backs bangs beams bends blows bounces bows breaks brushes burns calls cases catches chases circles
    claps climbs closes covers cries crosses cuts dances dashes dives draws drinks drives drops embraces eyes
    faces falls fights finds flashes flies floats folds glances glows grips hands heads hits holds hops hugs
    hurries jogs joins jumps kicks kisses knocks lands laughs leads leaps leaves lifts lights looks marches
    meets mounts moves needs nods paces packs parks passes pauses picks places plays points presses pulls races
    raises reaches rests returns rides rises rolls runs screams shakes shoots shots shouts shrugs sighs sips
    skips slides slips smiles smokes spins sprints squats stands stares starts stays steps stops stretches
    strides strolls struggles sweeps swings talks tears throws ties tosses touches tries turns walks wants
    watches waves winks wipes works yawns yells
    """
)
# After these a plain form or a whole clause may follow: "watches them dance", "knows she waits".
LETS = _listed(
    """
    asks believes discovers does dreams ensures fears feels figures finds forgets gathers guesses has hears
    helps hopes imagines knows lets makes means notices observes prays pretends promises proves realises
    realizes remembers reveals says sees senses shows signals signs smells spots suggests swears tells thinks
    understands watches wishes wonders
    """
)
# What begins a clause, or another part of the same.
JOINS = _listed(
    """
    after although and as because before but how if like nor once or since so than that then though till unless
    until what when whenever where wherever which while who whom whose why
    """
)
# What stands before a noun and says where or how.
PREPOSITIONS = _listed(
    """
    about above across against along among around at behind below beneath beside besides between beyond by down
    during for from in inside into near of off on onto out outside over past through to toward towards under up
    upon with within without
    """
)
# After one of these comes no verb.
BEFORE_NOUNS = (
    ARTICLES
    | PREPOSITIONS
    | _listed(
        """
        all any both each eight every few five four many more most much my nine no one other our own same seven
        several six some such ten these those three two your
        """
    )
)
# What cannot follow "a", "the" or "their": another of these, somebody, or what joins.
NEVER_AFTER_ARTICLE = _listed(
    """
    a an and are at but from he him his into is its my nor of or our she the their them they to we with your
    """
)
# Present forms of the verbs that go with others.
PRESENT = _listed(
    """
    am are aren't do does doesn't don't has hasn't have haven't he's is isn't it's she's they're we're
    """
)
# Past forms that are nothing else: no participle ("taken"), no noun ("a saw"), no plain form ("lay").
PAST = _listed(
    """
    was wasn't were weren't had hadn't did didn't he'd she'd they'd we'd ate became began bit blew broke came chose
    drank drew drove fell flew forgot froze gave grew hid knew ran rang rode sang sank shook shrank spoke sprang stole
    swam swore threw took tore went woke wore wrote
    """
)
# Past forms that may be participles too: "a table set for two", "a man caught in the rain". With these all in -ed.
PAST_OR_PARTICIPLE = _listed(
    """
    bent bound bought brought built caught clung crept dug fed felt fled flung fought found got heard held hung kept
    knelt laid leapt led left lent lit lost made met paid rose said sat sent shone shot slept slid slung sold spat sped
    spent spun stood struck stuck swept swung taught thought told understood wept withdrew won wound
    """
)
# Plain forms that are past forms as well: of one person in the present they have an s.
PAST_AS_PLAIN = _listed("cast cut hit hurt let put read set shut spread")
# In -ed, and no verb.
NO_PAST = _listed(
    """
    bed beloved bleed breed creed crooked deed exceed feed freed greed hatred heed hundred indeed jagged kindred naked
    need proceed ragged red reed rugged sacred seed shed shred sled speed steed succeed ted tweed weed wicked
    """
)
# Participles that describe somebody as often as an adjective does: "Anna dressed in black", "Walter surrounded".
ADJECTIVAL = _listed(
    """
    armed bathed bound buried caught covered crouched curled dressed followed framed hidden hunched huddled injured lit
    lost outlined perched seated silhouetted slumped soaked sprawled stuck stretched surrounded tied trapped wounded
    wrapped
    """
)
