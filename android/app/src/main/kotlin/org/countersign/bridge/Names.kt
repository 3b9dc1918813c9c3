package org.countersign.bridge

// What the rest of the app sees of the generated bindings, under this package's name.

typealias Account = org.countersign.core.Account
typealias AccountConfig = org.countersign.core.AccountConfig
typealias AccountSummary = org.countersign.core.AccountSummary
typealias ApprovalRow = org.countersign.core.ApprovalRow
typealias ApprovalState = org.countersign.core.ApprovalState
typealias ApprovalSummary = org.countersign.core.ApprovalSummary
typealias ApprovalView = org.countersign.core.ApprovalView
typealias AttachmentView = org.countersign.core.AttachmentView
typealias Authority = org.countersign.core.Authority
typealias Banner = org.countersign.core.Banner
typealias Button = org.countersign.core.Button
typealias CameraFrame = org.countersign.core.CameraFrame
typealias CameraState = org.countersign.core.CameraState
typealias Clock = org.countersign.core.Clock
typealias CodeView = org.countersign.core.CodeView
typealias Connection = org.countersign.core.Connection
typealias ContactRow = org.countersign.core.ContactRow
typealias ContactView = org.countersign.core.ContactView
typealias CoreException = org.countersign.core.CoreException
typealias Day = org.countersign.core.Day
typealias Deadline = org.countersign.core.Deadline
typealias Deciding = org.countersign.core.Deciding
typealias Decision = org.countersign.core.Decision
typealias DecisionBar = org.countersign.core.DecisionBar
typealias Detail = org.countersign.core.Detail
typealias Document = org.countersign.core.Document
typealias DocumentRow = org.countersign.core.DocumentRow
typealias Does = org.countersign.core.Does
typealias DraftSummary = org.countersign.core.DraftSummary
typealias Due = org.countersign.core.Due
typealias Empty = org.countersign.core.Empty
typealias EncryptionState = org.countersign.core.EncryptionState
typealias Event = org.countersign.core.Event
typealias FileRow = org.countersign.core.FileRow
typealias FileToSend = org.countersign.core.FileToSend
typealias FoundServer = org.countersign.core.FoundServer
typealias Folder = org.countersign.core.Folder
typealias Footer = org.countersign.core.Footer
typealias HeldMail = org.countersign.core.HeldMail
typealias Icon = org.countersign.core.Icon
typealias KnownOrNew = org.countersign.core.KnownOrNew
typealias Label = org.countersign.core.Label
typealias Language = org.countersign.core.Language
typealias Look = org.countersign.core.Look
typealias MailHeaders = org.countersign.core.MailHeaders
typealias MailRow = org.countersign.core.MailRow
typealias MailSummary = org.countersign.core.MailSummary
typealias MailView = org.countersign.core.MailView
typealias MeetingStage = org.countersign.core.MeetingStage
typealias MenuRow = org.countersign.core.MenuRow
typealias MessageStatus = org.countersign.core.MessageStatus
typealias NewApproval = org.countersign.core.NewApproval
typealias NewMail = org.countersign.core.NewMail
typealias CodeCard = org.countersign.core.OwnCode
typealias OwnKey = org.countersign.core.OwnKey
typealias OwnKeyRole = org.countersign.core.OwnKeyRole
typealias PersonDecision = org.countersign.core.PersonDecision
typealias PersonLine = org.countersign.core.PersonLine
typealias PinnedRow = org.countersign.core.PinnedRow
typealias Recipient = org.countersign.core.Recipient
typealias RecipientField = org.countersign.core.RecipientField
typealias RecipientView = org.countersign.core.RecipientView
typealias Remark = org.countersign.core.Remark
typealias Route = org.countersign.core.Route
typealias Scanned = org.countersign.core.ScanView
typealias ScanStep = org.countersign.core.ScanStep
typealias Segment = org.countersign.core.Segment
typealias Server = org.countersign.core.Server
typealias Share = org.countersign.core.Share
typealias SignatureState = org.countersign.core.SignatureState
typealias Spoken = org.countersign.core.Spoken
typealias StageLine = org.countersign.core.StageLine
typealias StageState = org.countersign.core.StageState
typealias StateLine = org.countersign.core.StateLine
typealias Step = org.countersign.core.Step
typealias StepState = org.countersign.core.StepState
typealias Summary = org.countersign.core.Summary
typealias Tag = org.countersign.core.Tag
typealias Text = org.countersign.core.Text
typealias TextValue = org.countersign.core.TextValue
typealias Tone = org.countersign.core.Tone
typealias Trust = org.countersign.core.Trust
typealias Verdict = org.countersign.core.Verdict
typealias Vault = org.countersign.core.Vault
typealias VaultProblem = org.countersign.core.VaultProblem
typealias Waiting = org.countersign.core.Waiting
typealias When = org.countersign.core.When
typealias Word = org.countersign.core.Word
typealias WrittenMail = org.countersign.core.WrittenMail

// View records: what a screen shows.

typealias AddressPage = org.countersign.core.AddressScreen
typealias PasswordPage = org.countersign.core.PasswordScreen
typealias KeysPage = org.countersign.core.KeysScreen
typealias InboxPage = org.countersign.core.InboxScreen
typealias MessagePage = org.countersign.core.MessageScreen
typealias ApprovalPage = org.countersign.core.ApprovalScreen
typealias ApprovalsPage = org.countersign.core.ApprovalsScreen
typealias ConfirmPage = org.countersign.core.ConfirmSheet
typealias ComposePage = org.countersign.core.ComposeScreen
typealias ContactsPage = org.countersign.core.ContactsScreen
typealias ExchangePage = org.countersign.core.ExchangeScreen
typealias ScanPage = org.countersign.core.ScanScreen

// A type inside another one has no name through an alias of the outer one.

typealias ApprovalChanged = org.countersign.core.Event.Approval
typealias CardScanned = org.countersign.core.ScanView.Card
typealias MeetingScanned = org.countersign.core.ScanView.Meeting
typealias TrustLine = org.countersign.core.MessageStatus.Trust
typealias Warning = org.countersign.core.MessageStatus.Warning
typealias NamedValue = org.countersign.core.TextValue.Name
typealias AddressValue = org.countersign.core.TextValue.Address
typealias TimeValue = org.countersign.core.TextValue.Time
typealias MomentValue = org.countersign.core.TextValue.Moment
typealias NamesValue = org.countersign.core.TextValue.Names
typealias CountValue = org.countersign.core.TextValue.Count
typealias SizeValue = org.countersign.core.TextValue.Size
typealias PlainValue = org.countersign.core.TextValue.Text
typealias SaidWords = org.countersign.core.Said.Words
typealias SaidValue = org.countersign.core.Said.Value
typealias WordsLabel = org.countersign.core.Label.Words
typealias PlainLabel = org.countersign.core.Label.Plain
typealias TimeLabel = org.countersign.core.Label.Time
typealias Today = org.countersign.core.When.Today
typealias Yesterday = org.countersign.core.When.Yesterday
typealias OnDate = org.countersign.core.When.Date
typealias InOrder = org.countersign.core.Deciding.InOrder
typealias All = org.countersign.core.Deciding.All
typealias AnyOne = org.countersign.core.Deciding.Any
typealias LoginRefused = org.countersign.core.CoreException.LoginRefused
typealias NetworkFailed = org.countersign.core.CoreException.Network
typealias ServerFailed = org.countersign.core.CoreException.Server
typealias CertificateUntrusted = org.countersign.core.CoreException.CertificateUntrusted
typealias VaultRefused = org.countersign.core.CoreException.Vault
typealias WrongUse = org.countersign.core.CoreException.WrongUse
typealias NotFound = org.countersign.core.CoreException.NotFound
typealias Unreadable = org.countersign.core.CoreException.Unreadable
typealias NamesLabel = org.countersign.core.Label.Names
typealias DoesWrite = org.countersign.core.Does.Write
typealias DoesExchange = org.countersign.core.Does.Exchange
typealias DoesLeave = org.countersign.core.Does.Leave
typealias DoesSameNumber = org.countersign.core.Does.SameNumber
typealias DoesTakeNew = org.countersign.core.Does.TakeNew
typealias DoesReply = org.countersign.core.Does.Reply
typealias DoesReplyAll = org.countersign.core.Does.ReplyAll
typealias DoesForward = org.countersign.core.Does.Forward
typealias Loading = org.countersign.core.Connection.Loading
typealias Online = org.countersign.core.Connection.Online
typealias Offline = org.countersign.core.Connection.Offline
typealias Failed = org.countersign.core.Connection.Failed

fun isAddress(text: String) = org.countersign.core.isAddress(text)

fun parseServer(text: String, port: Int): Server? = org.countersign.core.parseServer(text, port.toUShort())

fun faultText(error: CoreException): Text? = org.countersign.core.faultText(error)

fun undecidedBanner(error: CoreException, word: Word): Banner? = org.countersign.core.undecidedBanner(error, word)

fun addressScreen(address: String, error: CoreException?): AddressPage = org.countersign.core.addressScreen(address, false, error)

fun passwordScreen(address: String, server: String?, isWorking: Boolean, error: CoreException?): PasswordPage =
  org.countersign.core.passwordScreen(address, server, isWorking, error)
