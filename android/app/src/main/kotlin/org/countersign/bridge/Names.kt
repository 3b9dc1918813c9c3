package org.countersign.bridge

// What the rest of the app sees of the generated bindings, under this package's name.

typealias Account = org.countersign.core.Account
typealias AccountConfig = org.countersign.core.AccountConfig
typealias AccountSummary = org.countersign.core.AccountSummary
typealias ApprovalState = org.countersign.core.ApprovalState
typealias ApprovalSummary = org.countersign.core.ApprovalSummary
typealias ApprovalView = org.countersign.core.ApprovalView
typealias AttachmentView = org.countersign.core.AttachmentView
typealias Authority = org.countersign.core.Authority
typealias CameraFrame = org.countersign.core.CameraFrame
typealias CodeView = org.countersign.core.CodeView
typealias ContactView = org.countersign.core.ContactView
typealias CoreException = org.countersign.core.CoreException
typealias Deciding = org.countersign.core.Deciding
typealias Decision = org.countersign.core.Decision
typealias Document = org.countersign.core.Document
typealias EncryptionState = org.countersign.core.EncryptionState
typealias Event = org.countersign.core.Event
typealias FileToSend = org.countersign.core.FileToSend
typealias Folder = org.countersign.core.Folder
typealias Icon = org.countersign.core.Icon
typealias Language = org.countersign.core.Language
typealias MailHeaders = org.countersign.core.MailHeaders
typealias MailSummary = org.countersign.core.MailSummary
typealias MailView = org.countersign.core.MailView
typealias MeetingStage = org.countersign.core.MeetingStage
typealias MessageStatus = org.countersign.core.MessageStatus
typealias NewApproval = org.countersign.core.NewApproval
typealias NewMail = org.countersign.core.NewMail
typealias OwnKey = org.countersign.core.OwnKey
typealias OwnKeyRole = org.countersign.core.OwnKeyRole
typealias PersonDecision = org.countersign.core.PersonDecision
typealias RecipientView = org.countersign.core.RecipientView
typealias Server = org.countersign.core.Server
typealias SignatureState = org.countersign.core.SignatureState
typealias StageLine = org.countersign.core.StageLine
typealias StageState = org.countersign.core.StageState
typealias Summary = org.countersign.core.Summary
typealias Label = org.countersign.core.Label
typealias Spoken = org.countersign.core.Spoken
typealias When = org.countersign.core.When
typealias Text = org.countersign.core.Text
typealias TextValue = org.countersign.core.TextValue
typealias Tone = org.countersign.core.Tone
typealias Trust = org.countersign.core.Trust
typealias Vault = org.countersign.core.Vault
typealias VaultProblem = org.countersign.core.VaultProblem
typealias Word = org.countersign.core.Word

// A type inside another one has no name through an alias of the outer one.

typealias ApprovalChanged = org.countersign.core.Event.Approval
typealias CardScanned = org.countersign.core.ScanView.Card
typealias MeetingScanned = org.countersign.core.ScanView.Meeting
typealias Scanned = org.countersign.core.ScanView
typealias TrustLine = org.countersign.core.MessageStatus.Trust
typealias Warning = org.countersign.core.MessageStatus.Warning
typealias NamedValue = org.countersign.core.TextValue.Name
typealias AddressValue = org.countersign.core.TextValue.Address
typealias TimeValue = org.countersign.core.TextValue.Time
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
typealias Unreadable = org.countersign.core.CoreException.Unreadable

fun isAddress(text: String) = org.countersign.core.isAddress(text)

fun parseServer(text: String, port: Int): Server? = org.countersign.core.parseServer(text, port.toUShort())
