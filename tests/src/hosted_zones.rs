//! Hosted zones of [`Moto`], by Route 53's REST API.

use crate::moto::Moto;

const ZONES: &str = "/2013-04-01/hostedzone";

impl Moto {
    /// Makes a hosted zone; gives its ID.
    ///
    /// # Panics
    ///
    /// When the answer has no ID.
    #[must_use]
    pub fn create_hosted_zone(&self, name: &str, reference: &str, private: bool) -> String {
        let body = format!(
            r#"<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>{name}</Name>
            <CallerReference>{reference}</CallerReference>
            <HostedZoneConfig><PrivateZone>{private}</PrivateZone></HostedZoneConfig></CreateHostedZoneRequest>"#
        );
        let request = Self::signed("POST", ZONES, "route53", body).header("Content-Type", "text/xml");
        let answer = self.send(&request, "CreateHostedZone").text();
        let id = answer.split_once("/hostedzone/").and_then(|(_, rest)| rest.split_once('<'));
        id.expect("a hosted zone has an ID").0.to_owned()
    }

    /// Puts TXT records in the place of those of a name; each value in quotes.
    pub fn set_text(&self, zone: &str, name: &str, values: &[&str]) {
        let records: String = values.iter().map(|value| format!("<ResourceRecord><Value>{value}</Value></ResourceRecord>")).collect();
        let body = format!(
            r#"<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes><Change>
            <Action>UPSERT</Action><ResourceRecordSet><Name>{name}</Name><Type>TXT</Type><TTL>300</TTL>
            <ResourceRecords>{records}</ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"#
        );
        let request = Self::signed("POST", &format!("{ZONES}/{zone}/rrset/"), "route53", body).header("Content-Type", "text/xml");
        let _ = self.send(&request, "ChangeResourceRecordSets");
    }

    /// The TXT records of a name, sorted, without their quotes.
    #[must_use]
    pub fn text(&self, zone: &str, name: &str) -> Vec<String> {
        let answer = self.send(&Self::signed("GET", &format!("{ZONES}/{zone}/rrset"), "route53", ""), "ListResourceRecordSets").text();
        let sets = answer.split("<ResourceRecordSet>").skip(1);
        let set = sets.filter(|set| set.contains("<Type>TXT</Type>") && set.contains(&format!("<Name>{name}.</Name>")));
        let values = set.flat_map(|set| set.split("<Value>").skip(1)).filter_map(|rest| rest.split_once("</Value>"));
        let mut values: Vec<_> = values.map(|(value, _)| value.replace("&quot;", "").replace('"', "")).collect();
        values.sort();
        values
    }
}
