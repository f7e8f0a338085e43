/**
 * Tells ml-connector that a record was created, edited or deleted. What it sends is a hint: the record itself is read afterwards.
 *
 * Deployed on each record type that the connection reads (Objects/customscript_mlc_events.xml). Parameters of the script:
 *   custscript_mlc_url     address of the ingress: https://HOST/push/netsuite/CONNECTION
 *   custscript_mlc_secret  id of the API secret that both sides share (Setup > Company > API Secrets), such as custsecret_mlc_events
 *
 * A failure here never stops the record from being saved: it is logged, and the next poll sees the change.
 *
 * @NApiVersion 2.1
 * @NScriptType UserEventScript
 * @NModuleScope SameAccount
 */
define(['N/crypto', 'N/crypto/random', 'N/encode', 'N/https', 'N/log', 'N/runtime'], (crypto, random, encode, https, log, runtime) => {
  const EVENTS = { create: 'create', copy: 'create', edit: 'edit', xedit: 'edit', approve: 'edit', reject: 'edit', cancel: 'edit', delete: 'delete' };

  /** The hexadecimal HMAC-SHA256 of the seconds, a dot and the body. */
  const signature = (secretId, seconds, body) => {
    const key = crypto.createSecretKey({ secret: secretId, encoding: encode.Encoding.UTF_8 });
    const hmac = crypto.createHmac({ algorithm: crypto.HashAlg.SHA256, key });
    hmac.update({ input: `${seconds}.${body}`, inputEncoding: encode.Encoding.UTF_8 });
    return hmac.digest({ outputEncoding: encode.Encoding.HEX }).toLowerCase();
  };

  const afterSubmit = (context) => {
    try {
      const script = runtime.getCurrentScript();
      const url = script.getParameter({ name: 'custscript_mlc_url' });
      const secretId = script.getParameter({ name: 'custscript_mlc_secret' });
      const eventType = EVENTS[context.type];
      if (!url || !secretId || !eventType) {
        return;
      }
      const record = eventType === 'delete' ? context.oldRecord : context.newRecord;
      const eventId = random.generateUUID();
      const body = JSON.stringify({
        eventId,
        eventType,
        recordType: String(record.type),
        recordId: String(record.id),
        externalId: record.getValue({ fieldId: 'externalid' }) || null,
        accountId: runtime.accountId.toUpperCase().replace(/-/g, '_'),
        occurredAt: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      });
      const seconds = String(Math.floor(Date.now() / 1000));
      const answer = https.post({
        url,
        body,
        headers: {
          'Content-Type': 'application/json',
          'X-NetSuite-Event-Id': eventId,
          'X-NetSuite-Timestamp': seconds,
          'X-NetSuite-Signature': `sha256=${signature(secretId, seconds, body)}`,
        },
      });
      if (answer.code < 200 || answer.code > 299) {
        log.error({ title: 'ml-connector', details: `${eventType} ${record.type} ${record.id}: the ingress answered ${answer.code}` });
      }
    } catch (error) {
      log.error({ title: 'ml-connector', details: error });
    }
  };

  return { afterSubmit };
});
