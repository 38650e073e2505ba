"""Well-known organisations that callers name without any word for a body: shops, insurers, banks, services.

Chosen by size in the United States, Canada, Britain, Ireland, India, Australia, New Zealand, South Africa,
Kenya and Nigeria. Names that are common words too (`boots`, `target`, `three`, `sky`) are left out.
"""

from __future__ import annotations

from transcription.analysis.text import words_of

_PHARMACIES_AND_SHOPS = """
walgreens, cvs, rite aid, walmart, wal mart, kroger, publix, costco, safeway, albertsons, wegmans, meijer,
aldi, lidl, whole foods, trader joe's, dollar general, dollar tree, family dollar, sam's club, home depot,
best buy, walgreen's, duane reade, food lion, piggly wiggly, h e b, winn dixie, giant eagle, hy vee, tesco,
sainsbury's, sainsburys, asda, morrisons, waitrose, marks and spencer, superdrug, lloyds pharmacy,
supervalu, dunnes, dunnes stores, chemist warehouse, priceline, coles, woolworths, bunnings, kmart, big w,
pak n save, shoppers drug mart, loblaws, sobeys, jean coutu, rexall, canadian tire, tim hortons, pick n pay,
shoprite, dis chem, apollo pharmacy, big bazaar, naivas, carrefour, ikea, amazon, ebay, starbucks,
mcdonald's, mcdonalds, argos
"""
_HEALTH_AND_INSURANCE = """
medicare, medicaid, blue cross, blue shield, blue cross blue shield, aetna, humana, cigna, united
healthcare, unitedhealthcare, kaiser, kaiser permanente, molina, centene, tricare, wellcare, geico,
allstate, state farm, liberty mutual, metlife, aflac, bupa, axa, aviva, vhi, laya, laya healthcare, irish
life, medibank, nib, hcf, nhs, n h s, hse, h s e, quest diagnostics, labcorp, mayo clinic, cleveland clinic,
red cross, planned parenthood, manulife, sun life, star health
"""
_SERVICES = """
telstra, optus, vodafone, verizon, at and t, t mobile, comcast, xfinity, virgin media, british gas, british
telecom, eircom, talktalk, airtel, jio, safaricom, mtn, telus, eir, airbnb, uber, lyft, fedex, ups, u p s,
dhl, usps, royal mail, an post, australia post, auspost, parcelforce, centrelink, google, facebook,
microsoft, netflix, paypal, whatsapp, barclays, hsbc, natwest, lloyds, santander, halifax bank, wells fargo,
chase bank, citibank, capital one, bank of america, american express, westpac, commbank, n a b, anz, bank of
ireland, a i b, icici, hdfc, standard bank, absa, m pesa, ryanair, easyjet, qantas, british airways, amtrak,
scotiabank, td bank
"""
BRANDS = frozenset(
    tuple(words_of(name))
    for names in (_PHARMACIES_AND_SHOPS, _HEALTH_AND_INSURANCE, _SERVICES)
    for name in names.replace("\n", " ").split(",")
)
LONGEST_BRAND_WORDS = max(map(len, BRANDS))
