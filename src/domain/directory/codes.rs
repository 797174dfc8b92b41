//! The closed lists of the directory.

use crate::base::code::codes;

codes! {
    /// What a service is.
    pub enum Kind as ServiceKind {
        /// People who stand beside a survivor through a case.
        Advocacy = "advocacy",
        /// Somebody who listens and advises.
        Helpline = "helpline",
        /// Medical care, with the centres for sexual assault.
        Medical = "medical",
        /// Legal advice.
        Legal = "legal",
        /// Somewhere safe to stay.
        Housing = "housing",
        /// For children.
        Child = "child",
        /// The police.
        Police = "police",
        /// Against fraud: banks and those who take reports of it.
        Fraud = "fraud",
        /// Has images taken down.
        ContentRemoval = "content_removal",
        /// For people who worry about what they do themselves. Never offered to a survivor.
        SelfConcern = "self_concern",
    }
}

codes! {
    /// What somebody can need help with.
    pub enum Need {
        /// Stalking and harassment.
        Stalking = "stalking",
        /// Abuse by a partner, a former partner or the family.
        DomesticAbuse = "domestic_abuse",
        /// Rape, sexual assault, spiking.
        SexualViolence = "sexual_violence",
        /// Intimate images that were shared, made up or are threatened with.
        IntimateImages = "intimate_images",
        /// Having images taken down.
        ImageRemoval = "image_removal",
        /// Fraud.
        Fraud = "fraud",
        /// Stopping money that is on its way.
        Bank = "bank",
        /// Honour-based abuse and forced marriage.
        HonourBasedAbuse = "honour_based_abuse",
        /// Trafficking and modern slavery.
        Trafficking = "trafficking",
        /// Thoughts of suicide.
        Suicide = "suicide",
        /// What is done to children.
        ChildSafety = "child_safety",
        /// Hate.
        Hate = "hate",
        /// Whatever the crime was.
        Victims = "victims",
        /// Harm online.
        OnlineHarm = "online_harm",
        /// Somewhere to stay.
        Housing = "housing",
        /// The law.
        Legal = "legal",
        /// What one does oneself.
        OwnBehaviour = "own_behaviour",
    }
}

codes! {
    /// For whom a service is, where it is not for everyone.
    pub enum Audience {
        /// Women.
        Women = "women",
        /// Men.
        Men = "men",
        /// Lesbian, gay, bisexual and trans people.
        Lgbt = "lgbt",
        /// Deaf people.
        Deaf = "deaf",
        /// Disabled people.
        Disabled = "disabled",
        /// People of a minority.
        MinorityEthnic = "minority_ethnic",
        /// People of a faith.
        Faith = "faith",
        /// Students.
        Students = "students",
    }
}

codes! {
    /// What else is to be known of a service before anybody is led there.
    pub enum Mark as ServiceMark {
        /// Its people are trained to work with children.
        TrainedForChildren = "trained_for_children",
        /// It is by and for one community.
        OfACommunity = "of_a_community",
        /// Its name alone tells something of whoever turns to it.
        NameOuts = "name_outs",
        /// It takes people whom professionals send.
        ByProfessionals = "by_professionals",
        /// It is for those at high risk.
        HighRisk = "high_risk",
        /// A sexual assault referral centre.
        SexualAssaultReferralCentre = "sexual_assault_referral_centre",
        /// It tells immigration authorities what it learns of somebody's status.
        SharesImmigrationStatus = "shares_immigration_status",
        /// It speaks with the family.
        WorksWithFamily = "works_with_family",
    }
}

codes! {
    /// A way on which a service is reached.
    pub enum Channel as ServiceChannel {
        /// By telephone.
        Phone = "phone",
        /// By text message.
        Text = "text",
        /// By chat on its page.
        Webchat = "webchat",
        /// By mail.
        Email = "email",
        /// Its page, or a form there.
        Web = "web",
        /// By video, with sign language where it says so.
        Video = "video",
        /// By a relay service or a text telephone.
        Relay = "relay",
        /// In person. Where, it says itself: no address stands here.
        InPerson = "in_person",
    }
}

codes! {
    /// How a referral comes to a service.
    pub enum WayIn {
        /// By the partner API.
        Api = "api",
        /// By the inbox.
        Inbox = "inbox",
        /// By telephone.
        Phone = "phone",
        /// Not at all: people turn to it themselves.
        None = "none",
    }
}

codes! {
    /// What a contact costs whoever makes it.
    pub enum Cost {
        /// Nothing.
        Free = "free",
        /// What their provider asks.
        Charged = "charged",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

codes! {
    /// Whether a bill shows that somebody rang.
    pub enum OnBill {
        /// It does.
        Yes = "yes",
        /// It does not.
        No = "no",
        /// Nobody knows, so it is taken to.
        Unknown = "unknown",
    }
}

codes! {
    /// Where what stands here of a service comes from.
    pub enum Evidence {
        /// It was read at its source.
        Read = "read",
        /// It is general knowledge that nobody has looked up.
        GeneralKnowledge = "general_knowledge",
        /// It came from another directory.
        Imported = "imported",
    }
}
