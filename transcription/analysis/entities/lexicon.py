"""Words that are no names: what stops a name that a cue phrase began, in text without capitals.

Written by hand for calls and visits in English. It need not be complete: it is only asked about words that
stand beside a cue.
"""

from __future__ import annotations

from transcription.analysis.numbers import DIGITS, ORDINALS, SCALES, TENS, UNITS, word_set
from transcription.analysis.text import STOPWORDS

WEEKDAYS = word_set("monday tuesday wednesday thursday friday saturday sunday")
MONTHS = word_set(
    "january february march april may june july august september october november december jan feb mar "
    "apr jun jul aug sep sept oct nov dec"
)

VERBS = word_set(
    "accept agree allow answer appear arrange arrive ask asked asking ate bad badly based beat beaten "
    "beating become bear began begin believe bleeding booked born bought break bring broke brought called "
    "calling calls came care cause change check checked choose close closed come comes coming complained "
    "confirm confused contact cook cough coughing cried cry crying cut decide described died do done "
    "drank drink drive drove eat eating end ended explain fall feel feeling feels fell felt fight find "
    "finish follow follows found gave get gets getting give given gives giving goes gone happen happened "
    "happening happens hate have having hear heard held help helped helping helps here hit hold holding "
    "hope hurt hurting hurts keep keeps kept kicked knew know known knows learn leave leaves leaving left "
    "let like likes listen live lived lives living look looked looking lose lost love made make makes "
    "making mean means meet met mind miss missed missing move moved need needed needs notice noticed open "
    "ordered paid pay phone phoned phoning pick picked play please prefer prescribed promised provide "
    "pull put putting ran rang reach read ready received recommend recommended refer referred refused "
    "remember report reported rest ring ringing run running said sat saw say saying says scared see "
    "seeing seem seems seen send sending sent set shall shot should shouted show sick sit sitting sleep "
    "sleeping slept smell speak speaking speaks spoke stand start started starting starts stay stayed "
    "staying stays stop stopped stopping suffer suffering suggested supposed take taken takes taking talk "
    "talked talking tell telling tells thank thanks think thinking thought threw tired told took transfer "
    "transferred tried try trying turn turned turning turns understand use used using visit visiting "
    "vomiting wait waited waiting walk walked want wanted wants was watch went woke won wondering work "
    "worked working works worried worry worse would write wrote yell"
)
_NOUNS = word_set(
    "abuse accident account ache address advice afternoon age aid allergies allergy ambulance ankle "
    "anyone anything appointment arm arrival aunt baby back balance bank bed belly bill birth birthday "
    "bleeding blood body bone book boss box boy boyfriend bread break breath breathing brother building "
    "bus business call caller card carer case centre center chest child children church city class clinic "
    "clothes cold company complaint cough counsellor counselor country couple cousin dad daughter day "
    "days death department diagnosis dinner discharge district doctor doctors dollar door dose drug "
    "earlier east email emergency euros evening everyone everything eye face family father fear fever "
    "fire floor food foot fracture friend friends front fun game girl girlfriend grandfather grandma hiya "
    "howya howdy yep yup nope kia ora cheers aye "
    "grandmother grandpa group guardian hand head headache health heart help helpline hi hello history "
    "holiday home hospital hour hours house husband infection injury insurance issue job key kid kids "
    "kitchen knee lab lady leg letter level life line list lot lunch machine madam man manager matter "
    "meal medication medications medicine meeting message midwife minute minutes mobile moment money "
    "month months morning mother mouth mum mom name names neck neighbour neighbor news night nobody noise "
    "north nose nothing number nurse nurses office officer one operator order pain pal paper parent "
    "parents park part partner passport past patient people person phone place plan police pound power "
    "practice prescription pressure price primary principal problem problems project question questions "
    "rash reason receipt reception record reference rent repair report result results road room school "
    "season seat secondary service shelter shift shop shoulder side sign sir sister size skin sleep "
    "social somebody someone something son south spring staff station step stepfather stepmother stomach "
    "street student summer support surgery symptom symptoms system tablet tablets teacher team telephone "
    "temperature test tests thing throat ticket time today tomorrow tonight town treatment trouble truth "
    "uncle university view village violence visitor voice ward water week weekend weeks weight west wife "
    "winter woman word work worker world wound wrist x-ray xray yard year years yesterday"
)
_OTHERS = word_set(
    "able absolutely actually afraid again ago ahead alive allergic alone already alright also although "
    "always angry another anymore anyway anywhere around asleep available aware away back badly basically "
    "behind best better big black blue both brilliant broken brown busy careful certain certainly clear "
    "close completely concerned correct currently daily dead deep definitely different difficult dizzy "
    "dirty doing double early easy eighth either else emergency empty enough especially even ever every "
    "everywhere exactly excellent extra fair far fast few fifth final fine first free fresh full funny "
    "glad good gonna grand great green grey half happy hard healthy heavy high home hot hungry hurry "
    "important indeed inside instead it'll kind large last late lately later least less light likely "
    "little local long loud low lucky main many married maybe medical mild much must myself national near "
    "nearly nervous never new next nice no nobody none normal not okay old online open ordinary other "
    "others outside own painful perfect perfectly perhaps poor possible pregnant pretty private probably "
    "proper public quick quickly quiet quite ready recently red regular responsible retired right rude "
    "sad safe same second serious severe several sharp short shy sick silent similar simple simply since "
    "single slightly slow small soft somehow sometimes somewhat somewhere soon sorry special still "
    "straight strange strong stuck stupid sudden suddenly super sure sweet swollen tall terrible "
    "terrified that'll tight together true unable under unfortunately unhappy unwell upset urgent usual "
    "usually via warm weak welcome well wet white whole whose wide without within wonderful worst wrong "
    "yellow yep yet young across against among along above below beside between beyond onto per plus than "
    "toward towards upon cannot can't don't didn't doesn't isn't wasn't won't wouldn't couldn't haven't "
    "hasn't hadn't aren't weren't shouldn't ain't i'd i'm she'll he'll they'll who's dot at underscore "
    "dash hyphen january's triple mister mrs mr ms miss dr doctor nurse professor bye goodbye cheers "
    "ma'am dear"
)

COMMON_WORDS = (
    STOPWORDS
    | VERBS
    | _NOUNS
    | _OTHERS
    | WEEKDAYS
    | (MONTHS - {"may", "june", "april", "august", "jan", "mar"})
    | frozenset(UNITS)
    | frozenset(TENS)
    | frozenset(DIGITS)
    | frozenset(SCALES)
    | frozenset(ORDINALS)
    | {"hundred", "point", "and"}
)

# Place names of geonames that are more often something else in speech.
AMBIGUOUS_PLACES = word_set(
    "reading bath nice mobile most same split tours orange male march deal hull wells date pan bar man "
    "bay hamilton jackson victoria charlotte florence lincoln nancy sandy marion aurora elizabeth george "
    "santiago salem austin diego francisco jose juan kingston madison martin mercedes milan orlando "
    "paradise rosa sidney troy tyler wayne carson irving norman clinton douglas dudley barry regina chad "
    "jordan kim lee gary sofia cork gap ash batman of much call save police chew sale university "
    "young normal van hope rugby stone lawrence chester elgin kent marina savannah victor roman rose anna "
    "carmen laredo maria mary aba ica ila bo ho ha sir"
)

# Words that lists of given names hold and that callers say as something else; beside a cue they are names.
OTHER_GIVEN = word_set(
    "york author german lawyer server marine prince princess angel candy liberty easter roman victory sky "
    "heaven honey sugar cherry lemon olive pepper ginger almond berry ham saint royal canal math marshal "
    "brandy sherry ante con sole lone mat mart dock bunk mal fairy treasure harmony journey storm soul "
    "genesis unique major general precious blessing comfort innocent happiness gift patience prudence "
    "trinity eden paris india china egypt kenya israel america chelsea dallas houston phoenix denver "
    "memphis boston french english irish welsh british ivory coral opal sage star dove buck king queen "
    "duke baron judge bishop deacon pastor april may june august sunday tuesday friday monday virgin "
    "peace faith washington till danish cal alla wolf pero lore che hung fancy colon purity yen ramadan "
    "dung albino una meta milan lincoln basil rosemary cherie corona esta lam velvet cinnamon icy "
    "sunshine nova texas media worth bush florida georgia virginia carolina dakota montana kia cash era "
    "tea lotta golden karma unknown alpha gray delta metro essence loyal don apollo"
)

# Given names of callers that no list of faker's has.
MORE_GIVEN = word_set(
    "vikram sunita deepak sanjay kavita suresh ramesh mahesh rajesh ganesh dinesh sandeep manoj anil "
    "sunil geeta usha sita rekha asha seema shilpa swati nisha preeti jyoti mukesh naveen praveen kiran "
    "pankaj ashok imran nasreen parveen rukhsana shabana shabnam farhan faisal adnan waqas saima nadeem "
    "tariq yasmeen nomsa sipho lerato bongani thabo zodwa thandi mandla precious nkosi chidi amaka folake "
    "tunde efua kwaku yaw abena akosua nana wangari njoroge mwangi chebet kiprono atieno wafula hine "
    "rangi wiremu mere hemi sione mele losa semisi tevita siaosi moana leilani malia mei ming jun hui "
    "ying xin yuki hiro kenji haruto minh thuy hoa thanh hung nhung carys eira angharad emrys ffion "
    "eilidh morag ailsa ruaridh mhairi caoimhe oonagh padraig fionnuala barnaby oksana andriy mykola "
    "dmitri dmitry svetlana katarzyna agnieszka ivanka zoltan kev stu mick barb deb trish bev shaz gaz "
    "tel des ted nell dot mo meg"
)
