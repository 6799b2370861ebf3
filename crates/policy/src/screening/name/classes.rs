//! How much of a name a word is: legal forms and small words nothing, words that thousands of names
//! share a little, everything else all.
//!
//! What it is not: it is no statistic of a list. A name that matches a listing has to go on doing so
//! when the list grows, so what a *shared* word is worth cannot depend on the rest of the list. How
//! often a word stands there only makes it cheaper to leave out; that is `index`'s.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::edits::{letters_in, similarity};
use super::letters::Script;
use super::sound::{greek, sound};

/// The weight of a legal form or a small word, in thousandths.
pub(super) const WEIGHT_OF_LEGAL_FORM: u32 = 10;
/// The weight of a word that says that something is a business.
const WEIGHT_OF_FILLER: u32 = 200;
/// The weight of a word that says what kind of thing it is.
const WEIGHT_OF_NATURE: u32 = 300;
/// The weight of a word that names the kind of an institution: nobody takes a university for a trader.
const WEIGHT_OF_INSTITUTION: u32 = 450;
/// The weight of a country, a nationality or a large city.
pub(super) const WEIGHT_OF_PLACE: u32 = 500;

/// Legal forms in the languages of the lists, and the words that they are made of.
const LEGAL_FORMS: &str = "ltd limited ltda limitada lda llc llp lp inc incorporated gmbh mbh ag kg kgaa ohg gbr ug eu ek \
    sa sas sarl sca scs snc srl spa sapa sl slu sau bv nv cv rl oy oyj ab as asa aps ans plc pte pty pvt private \
    proprietary co company companies compania compagnie cia corp corporation ooo oao zao pao ao nao jsc ojsc cjsc pjsc \
    tov pat pp too tdo ood eood ad ead doo dd kft zrt nyrt sro zoo sp spzoo ou uab sia fze fzc fzco fzllc dmcc wll bsc \
    saog saoc psc pjs ejsc sdn bhd berhad tbk pt cv kk kabushiki kaisha yk gk sti sirketi anonim san tic as \
    joint stock liability aktsionernoe aktsionernoye obshchestvo obschestvo otkrytoe otkrytoye zakrytoe zakrytoye \
    publichnoe publichnoye ogranichennoi ogranichennoy otvetstvennostyu sociedad societe anonyme anonima sociedade \
    gesellschaft haftung beschrankter aktiengesellschaft aktiebolag pao pc dba aka hk sac saa sab ep et zt \
    corporacion jointstock";

/// Articles, prepositions and conjunctions.
const SMALL_WORDS: &str = "the of and for in on at by to a an de del des du la le les el los las y e et und der die das di da dos do van von \
    al ul ad as ve i s o en";

/// Words that say no more than that something is a business, a part of one, or large.
const FILLERS: &str = "group holding international global worldwide general trading services enterprise import export \
    business commercial company industry branch division subsidiary unit public open closed new united \
    products solutions systems management investment development partners associates agency project \
    comercial comercializadora servicios inversiones empresa sanayi ticaret distribuidora importadora exportadora \
    supply sales house one first co main head office central national state federal official department \
    modern advanced great special administration ";

/// Words that say what kind of thing something is, or what it deals in.
const NATURES: &str = "technology institute research science center foundation \
    association organization society committee commission ministry authority bureau laboratory medical \
    aerospace aero shipping maritime marine logistics transport cargo freight travel \
    electronics electric engineering manufacturing construction equipment machinery instrument material precision factory \
    plant works production energy power oil gas petroleum petrochemical chemical nuclear atomic steel metal mining \
    communications telecommunications telecom network information software computer computing semiconductor data digital \
    media press radio television insurance finance financial capital securities leasing fund trust union federation league \
    front army force forces defense military security islamic people peoples liberation movement party relief charity \
    education training teaching studies physics mathematics chemistry biology history humanities social sciences \
    agricultural health economics women men children youth \
    north south east west northern southern eastern western central pacific atlantic space satellite \
    ocean sea river mountain star sun blue red green black white golden express auto automotive motor \
    tours farm food fishing textile inmobiliaria constructora agropecuaria agricola";

/// Words that name the kind of an institution.
const INSTITUTIONS: &str = "university college school academy hospital airlines aviation bank church mosque temple \
    seminary polytechnic medicine law nursing dental pharmacy pharmaceutical veterinary arts design music theological \
    faculty graduate hotel museum library conservatory";

/// Countries, nationalities and the cities that many names begin with.
const PLACES: &str = "china chinese hong kong taiwan iran iranian russia russian korea korean syria syrian cuba cuban \
    venezuela venezuelan belarus belarusian ukraine ukrainian pakistan pakistani india indian turkey turkish iraq iraqi \
    germany german france french england english britain british america american usa canada canadian mexico mexican \
    japan japanese singapore malaysia malaysian indonesia thailand vietnam myanmar dubai emirates uae lebanon lebanese \
    palestine palestinian israel israeli egypt egyptian sudan libya libyan yemen afghan afghanistan europe european asia \
    asian africa african latin spain spanish italy italian colombia colombian panama brazil switzerland swiss austria \
    beijing shanghai shenzhen guangzhou guangdong tianjin nanjing wuhan chengdu chongqing xian shenyang harbin sichuan \
    hebei henan hunan hubei shandong jiangsu zhejiang shaanxi dalian qingdao xiamen hangzhou suzhou wuxi \
    moscow moskva petersburg tehran london paris berlin york washington california texas florida san saint santa los \
    northwestern northeastern southwestern southeastern northwest northeast southwest southeast \
    caribbean gulf balkan kerala delhi mumbai bangalore manila tokyo seoul pyongyang damascus baghdad istanbul ankara";

/// Ways of writing a common word: the one that is compared, and the others.
const IN_FULL: [(&str, &str); 62] = [
    (
        "technology",
        "tech technologies technological technical tekhnologii tekhnologiya teknoloji technologie tecnologia tecnologias",
    ),
    ("international", "intl internacional internationale internazionale"),
    ("corporation", "corp korporatsiya corporacion"),
    ("industry", "ind industries industrial industria industrias industrie"),
    (
        "university",
        "univ universidad universidade universita universite universitat universitet universiteit universities",
    ),
    ("institute", "inst instituto institut institutes istituto"),
    ("manufacturing", "mfg manufacture manufacturers"),
    ("engineering", "eng engg engineers ingenieria"),
    ("development", "dev"),
    ("science", "sci sciences scientific ciencias"),
    ("national", "natl nacional nazionale nationale"),
    ("association", "assn assoc asociacion associazione"),
    ("services", "svcs svc service"),
    ("general", "gen"),
    ("equipment", "equip"),
    ("organization", "org organisation organizacion"),
    ("department", "dept"),
    ("laboratory", "lab labs laboratories laboratorio"),
    ("center", "centre centro ctr centr zentrum"),
    ("electronics", "elec electronic elektronik electronica elektronika"),
    ("holding", "holdings hldg hldgs"),
    ("import", "imp imports importers"),
    ("export", "exp exports exporters"),
    ("management", "mgmt mgt"),
    ("group", "grp groups grupo gruppe groupe gruppa"),
    ("trading", "trade traders torgovy torgovyi"),
    ("enterprise", "enterprises predpriyatie"),
    ("investment", "invest investments"),
    ("systems", "system sistemas sistemy"),
    ("solutions", "solution"),
    ("products", "product produkts"),
    ("defense", "defence defensa"),
    ("bank", "banco banka banque banca banks"),
    ("material", "materials mat"),
    ("machinery", "machine machines"),
    ("instrument", "instruments"),
    ("communications", "communication comm comms"),
    ("telecommunications", "telecommunication"),
    ("foundation", "fondation fundacion stiftung vakfi fond"),
    ("academy", "acad academia academie akademie akademiya"),
    ("college", "colleges collegio colegio"),
    ("school", "schools escuela scuola schule ecole hochschule"),
    ("company", "kompaniya kompania"),
    ("limited", "lmtd ltdt"),
    ("society", "sociedade"),
    ("chemical", "chemicals"),
    ("petroleum", "petrol"),
    ("airlines", "airline airways airway air"),
    ("energy", "energia"),
    ("partners", "partner"),
    ("associates", "associate"),
    ("computer", "computers"),
    ("network", "networks"),
    ("agricultural", "agriculture agri agro"),
    ("medical", "medicine med medicina"),
    ("finance", "financial"),
    ("logistics", "logistic lojistik logistika"),
    ("transport", "transportation transportes"),
    ("aviation", "avia havacilik"),
    ("construction", "constructions"),
    ("arts", "art"),
    ("economics", "economic economy"),
];

/// From this length on, a common word is known with an edit in it.
const LETTERS_OF_LONG_WORD: usize = 7;

struct Classes {
    weights: HashMap<String, u32>,
    spellings: HashMap<String, &'static str>,
    sounds: HashMap<String, &'static str>,
    greek: HashMap<String, &'static str>,
    long: Vec<(u64, &'static str, &'static str)>,
}

static CLASSES: LazyLock<Classes> = LazyLock::new(|| {
    let mut classes = Classes {
        weights: HashMap::new(),
        spellings: HashMap::new(),
        sounds: HashMap::new(),
        greek: HashMap::new(),
        long: Vec::new(),
    };
    let kinds = [
        (LEGAL_FORMS, WEIGHT_OF_LEGAL_FORM),
        (SMALL_WORDS, WEIGHT_OF_LEGAL_FORM),
        (FILLERS, WEIGHT_OF_FILLER),
        (NATURES, WEIGHT_OF_NATURE),
        (INSTITUTIONS, WEIGHT_OF_INSTITUTION),
        (PLACES, WEIGHT_OF_PLACE),
    ];
    for (full, others) in IN_FULL {
        others.split_whitespace().for_each(|other| classes.knows(other, full));
    }
    for (words, weight) in kinds {
        for word in words.split_whitespace() {
            classes.weights.entry(word.to_owned()).or_insert(weight);
            classes.knows(word, word);
        }
    }
    classes
});

impl Classes {
    fn knows(&mut self, written: &'static str, full: &'static str) {
        self.spellings.entry(written.to_owned()).or_insert(full);
        if written.len() >= 4 {
            self.sounds.entry(sound(written)).or_insert(full);
            self.greek.entry(greek(written)).or_insert(full);
        }
        if written.len() >= LETTERS_OF_LONG_WORD {
            self.long.push((letters_in(written), written, full));
        }
    }

    /// The long word that this one is, but for one edit.
    fn long_word(&self, letters: &str) -> Option<&'static str> {
        let bits = letters_in(letters);
        let near = |known: &u64| (known ^ bits).count_ones() <= 2;
        let one_edit = |known: &str| known == letters || similarity(known, letters, 1).is_some();
        let mut long = self.long.iter().filter(|(known, ..)| near(known));
        long.find(|(_, known, _)| one_edit(known)).map(|(.., full)| *full)
    }
}

/// The common word, in full, that this is an abbreviation, another form or another spelling of.
pub(super) fn in_full(letters: &str, script: Script) -> Option<&'static str> {
    let classes = &*CLASSES;
    let heard = || match script {
        Script::Latin if letters.len() < 5 => None,
        Script::Greek => classes.greek.get(&greek(letters)),
        _ => classes.sounds.get(&sound(letters)),
    };
    classes.spellings.get(letters).or_else(heard).copied()
}

/// The common word, in full, that this is with a letter wrong.
pub(super) fn edited(letters: &str) -> Option<&'static str> {
    let is_long = letters.len() + 1 >= LETTERS_OF_LONG_WORD;
    is_long.then(|| CLASSES.long_word(letters)).flatten()
}

/// How much of a name the word is, and whether it is a common one.
pub(super) fn weight(word: &str) -> (u32, bool) {
    if let Some(weight) = CLASSES.weights.get(word) {
        return (*weight, true);
    }
    let weight = match word.len() {
        0..=1 => 200,
        2 => 500,
        3 => 800,
        _ => 1_000,
    };
    (weight, false)
}
