"""Hand-made conversations that the stage engines are tried on, in wording of their own.

Most are written as recognisers write: lower case, no punctuation. Times are made from the words, at 2.5
words a second (an ordinary speaking rate) with 0.4 s between segments.
"""

from __future__ import annotations

from transcription.analysis.base import Talk
from transcription.models import Segment, Turn

_WORDS_PER_S = 2.5
_GAP_S = 0.4


def talk_of(script: str, *, agent: str | None = "SPEAKER_00", labels: str = "ABC") -> Talk:
    """A talk of lines `A: words`; A is SPEAKER_00, B SPEAKER_01… A line `B! words` cuts the one before
    short: it starts 0.8 s before that ends."""
    segments: list[Segment] = []
    turns: list[Turn] = []
    clock_s = 0.0
    for number, line in enumerate(item for item in script.strip().splitlines() if item.strip()):
        who, cuts, text = line.strip()[0], line.strip()[1] == "!", line.strip()[2:].strip()
        start_s = max(0.0, clock_s - _GAP_S - 0.8) if cuts else clock_s
        end_s = start_s + len(text.split()) / _WORDS_PER_S
        speaker_id = f"SPEAKER_{labels.index(who):02d}"
        segments.append(Segment(id=number, start_s=start_s, end_s=end_s, text=text, speaker_id=speaker_id))
        turns.append(Turn(speaker_id, start_s, end_s))
        clock_s = end_s + _GAP_S
    return Talk(tuple(segments), "en", clock_s, tuple(turns), agent)


HELPLINE = """
A: hello you are through to the child helpline my name is grace how can i help you today
B: hi um i'm leo i'm twelve and some boys at my school keep hitting me
A: i'm so sorry to hear that leo that must be really frightening for you
A: when did this start
B: it started in september they push me in the corridor and they took my lunch money again yesterday
B: i don't want to go to school any more
A: so what you are saying is that these boys have been hitting you and taking your money since september \
is that right
B: yes
A: have you told your mum or a teacher
B: no i'm scared they will get me if i tell
A: i understand it takes courage to talk about this thank you for telling me
A: here is what we can do i will speak to the school counsellor with your permission because she can keep \
you safe in the breaks
B: okay
A: and please tell your mum tonight that way somebody at home knows what is happening
B: okay i will tell her after dinner
A: is there anything else you would like to talk about
B: no that's all thank you
A: you can call us back any time thank you for calling the child helpline goodbye
"""

CLINIC = """
A: good morning thank you for calling riverside family practice this is nurse patel how may i help
B: good morning my shoulder has been hurting for about three weeks now
A: oh dear that sounds painful may i have your full name please
B: yes it's margaret ellis
A: thank you margaret and how old are you
B: i am sixty seven
A: and are you taking any medication at the moment
B: just lisinopril for my blood pressure
A: alright on a scale of one to ten how bad is the pain
B: maybe a six it's worse at night
A: so just to confirm your left shoulder has hurt for three weeks and it is worse at night
B: that's right
A: i would like the doctor to look at it so i can offer you thursday the fourteenth at ten thirty
B: thursday is fine let's go with that
A: lovely please bring a list of your medicines and we will send you a reminder by text
B: great
A: are you happy with that plan
B: yes i am
A: is there anything else i can do for you today
B: no thank you
A: thank you for calling have a lovely day bye
"""

BILLING = """
A: yeah billing what's your account number
B: um it's four four seven one two and i was charged twice for my internet this month and i've called \
about this before
A: okay
B: i want my money back because this is the third time i am calling and nobody
A! you need to reset the router
B: no it's not the router it's the bill you charged me eighty dollars twice and i'm really upset
A! uh um your bill is forty dollars um no sorry i mean eighty dollars
B: that's not right i paid already this is unacceptable
A: hold on
A: um so uh yeah it it it says here there was two charges
B: so are you going to refund me or not if not i will cancel my contract and switch to another provider
A: i don't know maybe somebody will look at it
B: i want to speak to your manager
A: he is not here
B: fine i'm cancelling then
"""

TRAVEL = """
A: Good afternoon, welcome to Skylark Travel, my name is Tomás. How can I help you?
B: Hello. I called last week about a cancelled flight to Lisbon, and I still haven't had my refund.
A: I apologise for the trouble, I can imagine how frustrating that is. Could I have your booking \
reference, please?
B: It's Q X seven two nine.
A: Thank you. I can see your earlier case here from last Tuesday, and the refund was approved but not yet \
paid.
B: Why is it taking so long?
A: I'm not sure, so let me check with our finance team. May I put you on hold for two minutes while I ask \
them?
B: Sure.
A: Thank you for holding. The finance team says that the payment was blocked because the card had expired. \
That means we need a new card number from you, and then the money arrives within five working days.
B: Oh, I see. That makes sense. I'll send you the new card details by email today.
A: Perfect. I will email you a confirmation as soon as it is done. Does that work for you?
B: Yes, that works. Thanks for your help.
A: Can I help you with anything else?
B: No, that's everything.
A: Thank you for choosing Skylark Travel. Have a great weekend. Goodbye!
"""

MEETING = """
A: okay so the main thing today is the launch date for the mobile app
B: the payment screen still crashes on older phones i don't think we can ship this friday
C: i agree the crash rate is around four percent that's too high for the app store
A: right so what do we need to fix the payment screen
B: i need two more days and someone to test on android nine
C: i can test that tomorrow morning
A: great so we decided to move the launch to next wednesday
C: sounds good i will update the release notes and tell marketing
B: and i'll fix the payment crash by monday
A: what about the price did we agree on that
C: yes we agreed to keep the monthly price at nine dollars for the first year
A: good then let's meet again on tuesday to check the test results
B: fine see you tuesday
"""

EMERGENCY = """
A: thank you for calling oakfield clinic you are speaking with daniel how can i help
B: my husband has chest pain and he can't breathe properly
A: i am going to help you right now is he awake
B: yes but he is sweating and his left arm is numb
A: okay please call an ambulance immediately or i can connect you to emergency services because this may \
be a heart attack
B: oh my god i'm so scared
A: i know this is terrifying you are doing the right thing how old is he
B: he's fifty eight he takes aspirin
A: let him sit upright and do not give him anything to eat i will stay on the line until they come
B: okay thank you
A: i am connecting the emergency services now
"""

NEIGHBOUR = """
A: thank you for calling the child line you are talking to miriam what would you like to share
B: i am calling about my neighbour's little girl she is about seven and her stepfather beats her with a belt
A: that is very worrying thank you for calling us about it have you seen any marks on her
B: yes she has bruises on her arms and last night i could hear her screaming
A: i understand how upsetting that must be for you do you know her name and where they live
B: her name is zawadi they live in house number nine on mango street
A: right so if i have understood you correctly the stepfather has been beating her and it happened again \
last night
B: yes and i'm afraid he will do it again
A: i am going to report this to the child protection officer this afternoon and a social worker will visit \
the home tomorrow
B: please don't give them my name
A: we will keep your name out of it is that okay for you
B: yes that's a relief
A: do you have any other questions
B: no that is everything
A: we'll call you on friday to tell you what happened take care
"""

REFILL = """
A: lakeside medical centre good afternoon how can i assist you
B: hi yes i've run out of my blood pressure tablets and the pharmacy says they need a new prescription
A: sure what's the name of the medicine
B: amlodipine five milligrams
A: and your date of birth please
B: the third of june nineteen fifty nine
A: thanks let me have a look um okay your last prescription was in march
A: doctor lee can renew it i'll send it over to the pharmacy on station road before five o'clock
B: will it be ready today
A: i'm not certain i'll ask the pharmacist and ring you back within the hour
B: that's great
A: anything else i can do
B: no cheers
A: alright bye now
"""

CARD = """
A: hello
B: hello is this the card department there's a payment of three hundred pounds on my statement that i \
never made
A: what's your card number
B: it ends in double two one four
A: wait a minute
A: yes i see the payment it was made online
B: i know that but it wasn't me what are you going to do about it
A: you'll have to fill in a form
B: which form nobody told me about a form when i rang on monday
A: the dispute form it's on the website
B: i don't understand why can't you just block the card
A: i can block it if you want
B: yes please block it now and i'd like to make a complaint
A: ok the card's blocked is that all
B: i suppose so i'm really disappointed i might move to a different bank
A: fine goodbye
"""
