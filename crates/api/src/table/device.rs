//! Devices without a browser (RFC 8628): how they ask, and where people enter their codes and decide.

use crate::{
    ClientForm, Form, Json, Onward, Page, Query,
    wire::device::{DeviceAnswer, DeviceCodeForm, DeviceDecisionForm, DeviceQuery, DeviceRequest},
};

/// The body limit: a few parameters, an assertion.
const SMALL: usize = 16 << 10;

crate::endpoints! {
    /// Ask for a person's agreement where no browser is (RFC 8628, section 3.1). The device shows a code, its person enters it elsewhere, and the device
    /// asks the token endpoint meanwhile.
    AskForDevice: POST "/oauth2/device_authorization" (ClientForm<DeviceRequest>) -> Json<DeviceAnswer> {
        credential: "the client authenticates in the request itself", by: Client, limit: Client, audit: DeviceAsked, body: SMALL,
    }
    /// Where a device's code is entered.
    DevicePage: GET "/oauth2/device" (Query<DeviceQuery>) -> Page {
        own: "whoever lets a device in is who signed in", rows: Account, by: Browser, limit: Read, body: 0,
    }
    /// Enter a device's code: whoever did is asked, whatever led them here.
    OpenDevice: POST "/oauth2/device" (Form<DeviceCodeForm>) -> Onward {
        credential: "the browser's session says who decides, and there may be none any more", by: Browser, limit: Auth, audit: DeviceOpened, body: SMALL,
    }
    /// Decide about a device.
    DecideForDevice: POST "/oauth2/device/decision" (Form<DeviceDecisionForm>) -> Onward {
        credential: "the browser's session says who decides, and there may be none any more", by: Browser, limit: Auth, audit: DeviceAllowed, body: SMALL,
    }
}
