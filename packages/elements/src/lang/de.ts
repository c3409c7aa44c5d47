import type { Language } from '../text/texts.js';

const GERMAN: Language = {
  table: {
    heading: 'Passkeys',
    loading: 'Ihre Passkeys werden geladen …',
    retry: 'Erneut versuchen',
    dismiss: 'Schließen',
    misconfigured:
      'Passkeys können hier nicht angezeigt werden: Diese Seite ist nicht richtig eingerichtet. Sagen Sie es den Betreibern.',
    unsupported:
      'Dieser Browser kann keine Passkeys erstellen. Vorhandene können Sie trotzdem umbenennen und widerrufen.',
    heroTitle: 'Ohne Passwort anmelden',
    heroText:
      'Fügen Sie einen Passkey hinzu und melden Sie sich mit Fingerabdruck, Gesicht, Displaysperre oder Sicherheitsschlüssel an.',
    whatTitle: 'Was ist ein Passkey?',
    whatText:
      'Ein Schlüssel, den Ihr Gerät oder Ihr Passwortmanager für dieses Konto aufbewahrt. Niemand kann ihn erraten oder Ihnen entlocken, und er bleibt immer dort: Sie geben ihn nur frei.',
    whereTitle: 'Wo wird er gespeichert?',
    whereText:
      'Wo Sie möchten: in einem Passwortmanager wie Apple Passwörter, Google Passwortmanager oder 1Password, der ihn auf Ihre anderen Geräte bringt; auf diesem Gerät; oder auf einem Sicherheitsschlüssel.',
    add: 'Passkey hinzufügen',
    beforeAdding: 'Ihr Browser fragt nun, wo der Passkey gespeichert werden soll, und lässt ihn freigeben.',
    added: 'Der Passkey „{name}“ wurde hinzugefügt.',
    addCancelled: 'Es wurde kein Passkey hinzugefügt.',
    counted: { one: '{count} von {limit} Passkeys', other: '{count} von {limit} Passkeys' },
    limitReached:
      'Mehr Passkeys kann Ihr Konto nicht haben. Widerrufen Sie einen, bevor Sie einen neuen hinzufügen.',
    advice:
      'Dieser Passkey ist nur auf einem Gerät. Fügen Sie einen weiteren hinzu, damit Sie sich auch ohne dieses Gerät anmelden können.',
    groupDevices: 'Auf Ihren Geräten und in Passwortmanagern',
    groupKeys: 'Auf Sicherheitsschlüsseln',
    search: 'Passkeys durchsuchen',
    found: { one: '{count} Passkey gefunden', other: '{count} Passkeys gefunden' },
    currentSession: 'Diese Sitzung',
    automatic: 'Automatisch hinzugefügt',
    syncedIn: 'Synchronisiert in {provider}',
    synced: 'Synchronisiert',
    savedIn: 'Gespeichert in {provider}',
    onOneDevice: 'Auf einem Gerät',
    onSecurityKey: 'Auf dem Sicherheitsschlüssel',
    addedWhen: 'hinzugefügt {when}',
    usedWhen: 'verwendet {when}',
    usedWhenWhere: 'verwendet {when} mit {place}',
    notUsedYet: 'noch nicht verwendet',
    browserOn: '{browser} unter {system}',
    details: 'Details',
    detailsOf: 'Details zu {name}',
    type: 'Art',
    types: { passkey: 'Passkey', security_key: 'Sicherheitsschlüssel', platform: 'Im Gerät eingebaut' },
    provider: 'Gespeichert in',
    addedAt: 'Hinzugefügt',
    addedFrom: 'Hinzugefügt mit',
    renamedAt: 'Geändert',
    lastUsedAt: 'Zuletzt verwendet',
    uses: 'Anmeldungen',
    transports: 'Übertragung',
    id: 'ID',
    credentialId: 'Credential-ID',
    rename: 'Umbenennen',
    renameOf: '{name} umbenennen',
    newName: 'Neuer Name für {name}',
    save: 'Speichern',
    cancel: 'Abbrechen',
    renamed: 'Der Passkey heißt jetzt „{name}“.',
    nameMissing: 'Geben Sie dem Passkey einen Namen.',
    nameTaken: 'So heißt schon ein anderer Passkey.',
    revoke: 'Widerrufen',
    revokeOf: '{name} widerrufen',
    revokeTitle: '„{name}“ widerrufen?',
    revokeText:
      'Er meldet Sie von jetzt an nicht mehr an Ihrem Konto an. Das lässt sich nicht rückgängig machen.',
    revokeCopy:
      'Auf Ihrem Gerät oder in Ihrem Passwortmanager kann eine Kopie bleiben; Sie können sie dort löschen.',
    revokeCopyIn: 'In {provider} kann eine Kopie bleiben; Sie können sie dort löschen.',
    howToDelete: 'So löschen Sie sie in {provider}',
    revokeLast: 'Es ist der einzige Passkey Ihres Kontos.',
    recovery: 'Stellen Sie sicher, dass Sie sich auch ohne ihn anmelden können.',
    confirmRevoke: 'Passkey widerrufen',
    keep: 'Behalten',
    revoked: 'Der Passkey „{name}“ wurde widerrufen.',
    stepUpTitle: 'Bestätigen Sie, dass Sie es sind',
    stepUpText: 'Bevor sich an Ihren Passkeys etwas ändert, bestätigen Sie mit einem davon.',
    stepUp: 'Mit einem Passkey fortfahren',
  },
  signIn: {
    signIn: 'Mit einem Passkey anmelden',
    waiting: 'Wählen Sie einen Passkey in dem Fenster, das Ihr Browser zeigt.',
    cancel: 'Abbrechen',
    unsupported: 'Mit diesem Browser kann man sich nicht mit Passkeys anmelden.',
    misconfigured:
      'Passkeys können hier nicht verwendet werden: Diese Seite ist nicht richtig eingerichtet. Sagen Sie es den Betreibern.',
    unknownPasskey:
      'Dieser Passkey wurde nicht angenommen. Vielleicht wurde er widerrufen. Melden Sie sich anders an; den Passkey können Sie löschen, wo er gespeichert ist.',
  },
  errors: {
    unreachable: 'Der Server ist nicht erreichbar. Prüfen Sie Ihre Verbindung und versuchen Sie es erneut.',
    slow: 'Der Server hat zu lange nicht geantwortet. Versuchen Sie es erneut.',
    signedOut: 'Ihre Sitzung ist beendet. Melden Sie sich erneut an.',
    denied: 'Das dürfen Sie nicht tun.',
    inactive: 'Ihr Konto ist nicht aktiv.',
    gone: 'Diesen Passkey gibt es nicht mehr. Vielleicht wurde er anderswo widerrufen.',
    tooMany:
      'Mehr Passkeys kann Ihr Konto nicht haben. Widerrufen Sie einen, bevor Sie einen neuen hinzufügen.',
    tooOften: 'Das war zu oft. Warten Sie kurz und versuchen Sie es erneut.',
    outage: 'Passkeys sind zurzeit nicht erreichbar. Versuchen Sie es in einer Minute erneut.',
    badName: 'Dieser Name ist nicht möglich. Verwenden Sie bis zu 64 gewöhnliche Zeichen.',
    notAccepted: 'Der Passkey wurde nicht angenommen. Versuchen Sie es erneut.',
    expired: 'Das hat zu lange gedauert. Versuchen Sie es erneut.',
    addCancelled:
      'Es wurde kein Passkey hinzugefügt: Das Fenster des Browsers wurde geschlossen oder die Zeit ist abgelaufen.',
    cancelled:
      'Es wurde nichts bestätigt: Das Fenster des Browsers wurde geschlossen oder die Zeit ist abgelaufen.',
    alreadyHere: 'Auf diesem Gerät oder in diesem Passwortmanager ist schon ein Passkey für Ihr Konto.',
    unsuitable:
      'Dieses Gerät kann den nötigen Passkey nicht aufbewahren. Richten Sie eine Displaysperre oder PIN ein oder nehmen Sie ein anderes Gerät.',
    wrongAddress: 'Auf dieser Adresse können Passkeys nicht verwendet werden.',
    otherPrompt:
      'Ein anderes Fenster für einen Passkey ist noch offen. Schließen Sie es und versuchen Sie es erneut.',
    lastPasskey:
      'Das ist Ihr einziger Passkey, und Ihr Konto braucht einen. Fügen Sie zuerst einen weiteren hinzu.',
    signInAgain: 'Dafür müssen Sie sich zuerst erneut anmelden.',
    stepUpFailed:
      'Das reicht als Bestätigung nicht. Nehmen Sie einen Passkey, den Sie schon länger haben, oder melden Sie sich erneut an.',
    signInFailed:
      'Die Anmeldung wurde nicht angenommen. Versuchen Sie es erneut oder melden Sie sich anders an.',
    unknown: 'Etwas ist schiefgegangen. Versuchen Sie es erneut.',
  },
  names: { securityKey: 'Sicherheitsschlüssel', phoneOrTablet: 'Smartphone oder Tablet', passkey: 'Passkey' },
};

export default GERMAN;
