"""The campaigns room decides who is asked when, what each person still owes, and what follows when they answer.

It joins the rooms below for one purpose: a sign-up for a school year, from the first letter to the receipt.
"""

from oval_aup.campaigns import views
from oval_aup.campaigns.audiences import way_of
from oval_aup.campaigns.bounces import WrongBounce, correct_wrong_bounces, note_reached, wrong_bounces
from oval_aup.campaigns.choices import change_choice, change_choices
from oval_aup.campaigns.corrections import let_mail_go_again
from oval_aup.campaigns.declarations import SAID as DECLARATIONS
from oval_aup.campaigns.draft import Draft
from oval_aup.campaigns.family import Family, FamilyChild, family, not_in_use
from oval_aup.campaigns.family_answers import NameDiffers, decline_for_family, sign_for_family
from oval_aup.campaigns.family_visits import (
    FamilyVisit,
    begin_family_visit,
    begin_for_family,
    family_visit,
    reconsider_rules,
    signing_session_of_family,
    unfinished,
)
from oval_aup.campaigns.invitations import (
    RosterFollowUp,
    ask_again,
    ask_joiners,
    follow_roster,
    open_campaign,
    planned_letters,
    set_writing,
)
from oval_aup.campaigns.mail_check import send_test
from oval_aup.campaigns.merging import join_people
from oval_aup.campaigns.new_links import send_new_link, send_new_link_to
from oval_aup.campaigns.on_behalf import OnBehalf, record_on_behalf
from oval_aup.campaigns.owed import Owed, owed_by
from oval_aup.campaigns.permission_changes import follow_permissions, tell_of_changes
from oval_aup.campaigns.picture_effects import ChildEffect, NoEffect, UseEffect, effects_of, fingerprint
from oval_aup.campaigns.planning import (
    CampaignRow,
    campaign,
    campaign_of,
    close_campaign,
    is_school_day,
    leaving_at,
    list_is_old,
    list_loaded_on,
    next_sending_time,
    odd_dates,
    plan,
    terms_of,
    usual_dates,
    year_of_delivery,
    years_to_plan,
)
from oval_aup.campaigns.reminders import (
    PlannedReminder,
    ReminderPlan,
    RemindersSent,
    note_sent,
    remind,
    reminder_plan,
    send_reminders,
)
from oval_aup.campaigns.resend import send_once_more, send_unsent, unsent_letters
from oval_aup.campaigns.responsibility import (
    EffectsChanged,
    LinkDecision,
    decide_standing,
    standing_effects,
    take_off_lists,
)
from oval_aup.campaigns.roster_import import apply_roster
from oval_aup.campaigns.rule_publishing import publish_shipped_rules, rules_published
from oval_aup.campaigns.staff import (
    begin_for_staff,
    decline_for_staff,
    send_first_password_links,
    send_password_link,
    sign_for_staff,
)
from oval_aup.campaigns.unanswered import SilentFamily, Unanswered, unanswered_around
from oval_aup.campaigns.witness_letters import (
    sound_documents_alarm,
    sound_ledger_alarm,
    tell_of_erased_packs,
    tell_of_proposed_erasure,
    tell_witnesses,
    warn_of_certificate,
)

__all__ = [
    "DECLARATIONS",
    "CampaignRow",
    "ChildEffect",
    "Draft",
    "EffectsChanged",
    "Family",
    "FamilyChild",
    "FamilyVisit",
    "LinkDecision",
    "NameDiffers",
    "NoEffect",
    "OnBehalf",
    "Owed",
    "PlannedReminder",
    "ReminderPlan",
    "RemindersSent",
    "RosterFollowUp",
    "SilentFamily",
    "Unanswered",
    "UseEffect",
    "WrongBounce",
    "apply_roster",
    "ask_again",
    "ask_joiners",
    "begin_family_visit",
    "begin_for_family",
    "begin_for_staff",
    "campaign",
    "campaign_of",
    "change_choice",
    "change_choices",
    "close_campaign",
    "correct_wrong_bounces",
    "decide_standing",
    "decline_for_family",
    "decline_for_staff",
    "effects_of",
    "family",
    "family_visit",
    "fingerprint",
    "follow_permissions",
    "follow_roster",
    "is_school_day",
    "join_people",
    "leaving_at",
    "let_mail_go_again",
    "list_is_old",
    "list_loaded_on",
    "next_sending_time",
    "not_in_use",
    "note_reached",
    "note_sent",
    "odd_dates",
    "open_campaign",
    "owed_by",
    "plan",
    "planned_letters",
    "publish_shipped_rules",
    "reconsider_rules",
    "record_on_behalf",
    "remind",
    "reminder_plan",
    "rules_published",
    "send_first_password_links",
    "send_new_link",
    "send_new_link_to",
    "send_once_more",
    "send_password_link",
    "send_reminders",
    "send_test",
    "send_unsent",
    "set_writing",
    "sign_for_family",
    "sign_for_staff",
    "signing_session_of_family",
    "sound_documents_alarm",
    "sound_ledger_alarm",
    "standing_effects",
    "take_off_lists",
    "tell_of_changes",
    "tell_of_erased_packs",
    "tell_of_proposed_erasure",
    "tell_witnesses",
    "terms_of",
    "unanswered_around",
    "unfinished",
    "unsent_letters",
    "usual_dates",
    "views",
    "warn_of_certificate",
    "way_of",
    "wrong_bounces",
    "year_of_delivery",
    "years_to_plan",
]
