// Made by scripts/build-fhir-elements.ts from the FHIR R4 definitions (HL7, CC0); do not edit.

/** Every resource type, the abstract ones included. */
export const RESOURCE_TYPES = `
 Resource Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent
 Basic Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry
 ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication
 CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage
 CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric
 DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference DomainResource
 EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition
 Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group
 GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation
 ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media Medication
 MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement
 MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication
 MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
 MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence
 NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition OperationOutcome Organization
 OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner
 PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson RequestGroup
 ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment RiskEvidenceSynthesis
 Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap
 Subscription SubscriptionStatus Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
 SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task
 TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
`;

/** The types an open choice such as `Extension.value[x]` may have. */
export const OPEN_TYPES = `
 base64Binary boolean canonical code date dateTime decimal id instant integer markdown oid positiveInt string time
 unsignedInt uri url uuid Address Age Annotation Attachment CodeableConcept Coding ContactPoint Count Distance
 Duration HumanName Identifier Money Period Quantity Range Ratio Reference SampledData Signature Timing
 ContactDetail Contributor DataRequirement Expression ParameterDefinition RelatedArtifact TriggerDefinition
 UsageContext Dosage Meta
`;

/** The type that elements of a name mostly have. */
export const USUAL_TYPES = `
string: id value line city district state postalCode unit title version display name mustSupport path searchParam
 patientInstruction representation sliceName label short comment alias max orderMeaning condition isModifierReason
 description human expression xpath map family given prefix suffix versionId documentation shape color imprint
 amountText subtitle publisher usage productRelatedness outcomeDesc altId relation ifNoneMatch ifMatch ifNoneExist
 etag searchInclude searchRevInclude overrideReason businessArrangement preAuthRef disposition summary basis param
 sourceVersion targetVersion linkId contextLinkId requesterLinkId performerLinkId reasonLinkId subscriberId
 dependent distinctIdentifier lotNumber serialNumber modelNumber partNumber deviceIdentifier carrierHRF conclusion
 header shortTitle actorId resourceId initiator params availabilityExceptions series documentType other anchor
 requirement cancelledReason riskAdjustment rateAggregation synonym specialMeasures productName part
 measurementPoint observedSeq genomeBuild referenceSeqString observedAllele referenceAllele cigar datasetId
 variantsetId readsetId instruction baseFormulaProductName additiveProductName administrationInstruction
 preferredReportName parameterName diagnostics textEquivalent question studyEffectiveDescription
 participantEffectiveDescription assignedArm actualArm chain timeAspect preparation contextInvariant check
 logMessage eventsSinceSubscriptionStart eventNumber areaOfHybridisation connectivity residueSite modification
 averageMolecularFormula disulfideLinkage nTerminalModification cTerminalModification organismName
 parentSubstanceName geographicalLocation fraction intraspecificDescription authorDescription maternalOrganismId
 maternalOrganismName paternalOrganismId paternalOrganismName molecularFormula parameters molecularFormulaByMoiety
 tester defaultValue headerField hint field compareToSourceId compareToSourceExpression compareToSourcePath
 minimumId requestURL responseCode targetLocation sourceIdentityCertificate proxyIdentityCertificate
 identityCertificate brand
Extension: extension modifierExtension
code: use comparator contentType language direction rules aggregation versioning severity status currency gender
 targetFormat sigFormat durationUnit periodUnit dayOfWeek priority kind intent actuality outcome criticality
 participantStatus productCategory scale mode fhirVersion format patchFormat conditionalRead conditionalDelete
 referencePolicy relationtype hierarchyMeaning operator confidentiality equivalence meaning publicationStatus
 entryType operationalStatus docStatus exposureState payloadMimeType resourceType lifecycleStatus daysOfWeek license
 generation responseRequired orientation strand permittedDataType searchType assurance groupingBehavior
 selectionBehavior requiredBehavior precheckBehavior cardinalityBehavior subjectType enableBehavior variableType
 studyEffectiveGroupMeasure participantEffectiveGroupMeasure xpathUsage preference derivation typeMode listMode
 contextType codeSearch op accept requestMethod eye
CodeableConcept: type country code additionalInstruction site route method jurisdiction race physiologicalCondition
 scoring specialPrecautionsForStorage amountType event topic bodySite role category seriousness assessment
 clinicalStatus verificationStatus substance manifestation exposureRoute cancelationReason serviceCategory
 serviceType specialty appointmentType reasonCode participantType subtype purposeOfEvent purposeOfUse productCode
 morphology locationQualifier service outcomeCodeableConcept statusReason classification additionalCharacteristic
 additionalClassification bodysite reason function subType fundsReserve relationship qualification onAdmission
 packageCode revenue productOrService modifier programCode subSite payeeType formCode adjustmentReason
 prognosisCodeableConcept itemCodeableConcept medium orderedBy emptyReason scope policyRule legalState
 contentDerivative expirationType domain term decision decisionMode periodType performerType performerRole
 authorizationSupporting safety systemType valueCode languageCode material conclusionCode facilityType
 practiceSetting synthesisType studyType variantState unitOfMeasure rating admitSource reAdmission dietPreference
 specialCourtesy specialArrangement dischargeDisposition physicalType payloadType definitionCodeableConcept
 fundsReserveRequested dataAbsentReason sex achievementStatus outcomeCode measure serviceProvisionCode program
 communication referralMethod procedureCode vaccineCode reportOrigin subpotentReason programEligibility
 fundingSource targetDisease doseStatus doseStatusReason contraindicatedVaccineCode forecastStatus forecastReason
 qualifiers flag compositeScoring improvementNotation view doseForm productType intendedRoute courseOfTherapyType
 combinedPharmaceuticalDoseForm legalStatusOfSupply additionalMonitoringIndicator paediatricUseIndicator
 productClassification operationType confidentialityIndicator intendedUse species legalBasis disease diseaseStatus
 comorbidity therapyRelationshipType diseaseSymptomProcedure intendedEffect effect incidence management
 manufacturedDoseForm unitOfPresentation otherCharacteristics alternateMaterial administrableDoseForm tissue
 symptomConditionEffect frequencyOfOccurrence chromosome referenceSeqId standardSequence variantType
 foodPreferenceModifier excludeFoodModifier fluidConsistencyType foodType baseFormulaType additiveType
 routeofAdministration interpretation appliesTo customaryUnit maritalStatus paymentStatus complication followUp
 usedCode primaryPurposeType phase studyDesign keyword region reasonStopped classifier whyStopped qualitativeRisk
 orderDetail locationCode typeCollected patientPreparation rejectionCriterion cap temperatureQualifier sequenceType
 oligoNucleotideType fivePrime threePrime geometry copolymerConnectivity ratioType repeatUnitAmountType
 orientationOfPolymerisation degree geneSequenceOrigin organism organismType sourceMaterialClass sourceMaterialType
 sourceMaterialState countryOfOrigin developmentStage materialType genus intraspecificType authorType hybridType
 kingdom phylum partLocation stereochemistry opticalActivity businessStatus need validationType validationProcess
 failureAction communicationMethod validationStatus canPushUpdates pushTypeAvailable
Narrative: text
Period: period dateRange servicePeriod effectivePeriod requestedPeriod validityPeriod billablePeriod preAuthPeriod
 dataPeriod applies usePeriod benefitPeriod preAuthRefPeriod during dataExclusivityPeriod planningHorizon
 executionPeriod
uri: system url contentReference project implicitRules policy fullUrl instantiates instantiatesUri definitionUri
 derivedFromUri uri authorizationUrl issuer onlineInformation
Reference|string: author[x]
dateTime: time creation restoreDate date detected recordedDate lastOccurrence onset created releaseDate validTo
 enteredDate sent received authoredOn dateTime verificationDate issued publicationDate effectiveTime manufactureDate
 expirationDate recordedOn statusDate occurrenceDateTime started presentationDate whenPrepared whenHandedOver
 dateAsserted effectiveDate dateOfFirstAuthorization internationalBirthDate authored receivedTime expiry
 lastPerformed validationDate dateWritten
base64Binary: data hash query carrierAIDC
unsignedInt: size offset reliableCache number securityLabelNumber numberOfSeries numberOfInstances
 numberOfRepeatsAllowed targetNumber actualNumber
Coding: coding security tag media lifecycle securityLabel protocol class control connectionType modality laterality
 sopClass
boolean: userSelected sliceIsConstraining isModifier isSummary ordered deleted onHold experimental doNotPerform
 required active cors readHistory updateCreate conditionalCreate conditionalUpdate orderable focal caseSensitive
 compositional versionNeeded verified subrogation appliesToAll inforce excluded authorizationRequired alternate
 allergenicIndicator exclude pause initiatorActive receiverActive estimatedAge contributedToDeath actual inactive
 appointmentRequired allDay primarySource isSubpotent reported isActive wasSubstituted allowed exact preferred
 multipleResultsAllowed affectsState repeats readOnly initialSelected multipleOr multipleAnd overbooked isDerived
 abstract isDefining lockedDate subsumption isDefault hierarchical paging incomplete translations needsMap validated
 autocreate autodelete encodeRequestUrl navigationLinks warningOnly immutable
ContactPoint: telecom
positiveInt: rank limit sequence dimensions countMax frequency frequencyMax minutesDuration careTeamSequence
 diagnosisSequence procedureSequence informationSequence itemSequence noteNumber detailSequence subDetailSequence
 subdetailSequence order supportingInfoSequence threshold precedence groupSize frames repetitions
ContactDetail: contact editor reviewer endorser
canonical: profile valueSet definition base targetProfile library transform imports implementationGuide
 supportedProfile instantiatesCanonical definitionCanonical supplements workflow graph inputProfile outputProfile
 answerValueSet questionnaire baseDefinition import capabilities
CodeableConcept|Reference: subject[x] diagnosis[x] procedure[x] topic[x] entity[x] item[x] medication[x]
 statusReason[x] indication[x] additive[x] substance[x]
Element: codeFilter dateFilter sort doseAndRate slicing example constraint binding mapping discriminator
 referenceRange repeat
*: value[x] defaultValue[x] fixed[x] pattern[x]
Timing: timing measurementPeriod schedule
boolean|CodeableConcept: asNeeded[x]
Ratio: maxDosePerPeriod strength presentation presentationLowLimit concentration concentrationLowLimit
 strengthLowLimit maxDosePerTreatmentPeriod amountRatioLowLimit
Quantity: maxDosePerAdministration maxDosePerLifetime height width depth weight nominalVolume externalDiameter low
 high numerator denominator lowLimit highLimit quantity dailyAmount valueQuantity doseQuantity measureScore dose
 daysSupply areaUnderCurve lethalDose50 firstDose maxSingleDose maxDosePerDay caloricDensity maxVolumeToDeliver
 capacity specimenQuantity halfLife
Range|Quantity: dose[x]
Ratio|Range|Quantity: rate[x]
markdown: requirements meaningWhenMissing citation purpose copyright preConditions postConditions extraDetails
 paymentTerms disclaimer rationale clinicalRecommendationStatement guidance preparationInstruction message situation
 descriptionSummary textFilter
integer: min maxLength start origin count numberOfStudies numberOfParticipants length coordinateSystem readCoverage
 windowStart windowEnd numTP numFP numFN decimalPrecision denominatorCount numeratorCount numberOfSubunits
 numberOfUnits index axis
date|dateTime|instant|time|decimal|integer|positiveInt|unsignedInt|Quantity: minValue[x] maxValue[x]
id: key identity definitionId uid packageId groupingId sourceId goalId actionId extends variable listRuleId
 requestId responseId targetId validateProfileId
Reference: source reference assigner author onBehalfOf account accounts compartment who subject coverage owner
 partOf party location specimenRequirement observationRequirement observationResultRequirement encounter
 resultingCondition recorder contributor subjectMedicalHistory referenceDocument study patient asserter
 reasonReference supportingInformation slot basedOn actor appointment requestor network observer what
 securityContext request parent collector additive custodian endpoint replaces addresses supportingInfo goal
 outcomeReference performer managingOrganization member referencedItem context performingOrganization
 requestingOrganization costCenter enterer insurer provider prescription originalPrescription referral facility
 claim responsible udi claimResponse communicationRequest assessor previous problem prognosisReference itemReference
 inResponseTo about recipient sender requester focus organization authority verifiedWith relevantHistory
 typeReference policyHolder subscriber beneficiary payor contract information implicated manufacturer parentDevice
 priorRequest derivedFrom device resultsInterpreter specimen result imagingStudy ref authenticator sourcePatientInfo
 population exposure exposureAlternative riskEvidenceSynthesis episodeOfCare serviceProvider individual destination
 candidate requestProvider referralRequest careManager team exposureBackground exposureVariant definitionReference
 receiver expressedBy managingEntity evaluationMessage outputParameters providedBy offeredIn coverageArea referrer
 interpreter procedureReference immunizationEvent supportingImmunization supportingPatientInformation ownedBy
 administeredBy reporter evaluatedResource subjectResults eventHistory authorizingPrescription detectedIssue
 responsibleParty associatedMedication contraindication regulatoryAuthority priorPrescription informationSource
 pharmaceuticalProduct packagedMedicinalProduct attachedDocument masterFile clinicalTrial regulator holder
 therapeuticIndication undesirableEffect marketingAuthorization manufacturedItem details pointer referenceSeqPointer
 variantPointer orderer allergyIntolerance hasMember validCodedValueSet normalCodedValueSet abnormalCodedValueSet
 criticalCodedValueSet participatingOrganization healthcareService generalPractitioner paymentIssuer submitter
 practitioner report complicationDetail usedReference manipulated enrollment sponsor principalInvestigator
 actualGroup intendedExposure observedGroup consent locationReference subscription additionalContext
 referenceInformation nucleicAcid polymer protein sourceMaterial supplier deliverFrom deliverTo for testScript
 prescriber
instant: lastUpdated end when recorded timestamp ifModifiedSince lastModified
xhtml: div
Range|CodeableConcept: age[x]
Attachment: image document form content presentedForm attachment photo sequenceAttachment
Identifier: identifier additionalIdentifier groupIdentifier masterIdentifier preAdmissionIdentifier
 requestIdentifier crossReference authorisationReferenceNumber outerPackaging immediatePackaging paymentIdentifier
 predecessor requisition accessionIdentifier nTerminalModificationId cTerminalModificationId organismId
 parentSubstanceId
BackboneElement: resource guarantor participant dynamicValue suspectEntity instance causality reaction action agent
 entity detail collection processing manipulation storage procedure total link entry search response software
 implementation rest messaging interaction operation supportedMessage careTeam activity relatedEntry item
 applicability propertyGroup priceComponent related payee diagnosis insurance accident subDetail addItem payment
 processNote error investigation finding filter property concept designation payload attester relatesTo section
 group target unmapped dependsOn stage evidence verification provision contentDefinition signer friendly legal rule
 offer asset answer valuedItem costToBeneficiary exception benefit mitigation udiCarrier deviceName specialization
 component udiDeviceIdentifier capability calibration parameter sampleSize resultsByExposure effectEstimate
 certainty precisionEstimate certaintySubcomponent statusHistory classHistory hospitalization characteristic
 definitionByTypeAndValue definitionByCombination timeFromEvent process containedInstance step alternative
 benefitBalance financial eligibility availableTime notAvailable education protocolApplied recommendation
 dateCriterion global manifest grouping page template plan generalCost specificCost lineItem position
 hoursOfOperation supplementalData stratifier stratum ingredient batch substitution relatedMedicationKnowledge
 monograph monitoringProgram administrationGuidelines medicineClassification packaging drugCharacteristic regulatory
 kinetics patientCharacteristics maxDispense dispenseRequest initialFill manufacturingBusinessOperation
 specialDesignation namePart countryLanguage jurisdictionalAuthorization otherTherapy specifiedSubstance
 referenceStrength interactant batchIdentifier packageItem characteristics routeOfAdministration targetSpecies
 withdrawalPeriod allowedResponse referenceSeq variant quality repository structureVariant roc outer inner uniqueId
 oralDiet supplement enteralFormula nutrient texture administration quantitativeDetails qualifiedInterval overload
 referencedFrom issue input relatedAction focalDevice enableWhen answerOption initial arm associatedParty
 progressStatus recruitment comparisonGroup objective outcomeMeasure prediction riskEstimate container typeTested
 handling snapshot differential structure channel notificationEvent subunit linkage sugar monomerSet
 startingMaterial repeatUnit degreeOfPolymerisation structuralRepresentation gene geneElement fractionDescription
 partDescription hybrid organismGeneral moiety isotope official suppliedItem restriction codeSystem expansion
 validateCode closure setup test teardown assert metadata fixture requestHeader compose include contains attestation
 validator lensSpecification prism
decimal: factor lowerLimit upperLimit duration durationMax periodMax temperature score factorOverride points level
 from to longitude latitude altitude truthTP queryTP truthFN queryFP gtFP precision recall fScore sensitivity
 fMeasure conversionFactor relativeRisk sphere cylinder add power backCurve diameter
Quantity|Range|string: amount[x]
Duration|Range|Period: bounds[x]
time: timeOfDay availableStartTime availableEndTime openingTime closingTime
date|Period: timing[x] serviced[x]
Meta: meta
Resource: contained
UsageContext: useContext usageContext
date: approvalDate lastReviewDate paymentDate birthDate nextScheduled
RelatedArtifact: relatedArtifact justification
Reference|CodeableConcept: product[x] code[x] chargeItem[x] definingSubstance[x]
Dosage: dosage dosageInstruction
dateTime|Age|Period|Range|string: onset[x] abatement[x]
Annotation: note progress
Address: address
dateTime|Period: collected[x] time[x] effective[x] identified[x] created[x]
Signature: signature proxySignature sourceSignature attestationSignature
Timing|Period|string: scheduled[x]
dateTime|Period|Timing: occurrence[x]
Money: priceOverride amount unitPrice net adjustment cost totalNet totalGross paymentAmount
CodeableConcept|Address|Reference: location[x]
#ClaimResponse.item.adjudication: adjudication
Attachment|Reference: content[x] legallyBinding[x]
Identifier|Reference: target[x]
uri|canonical: source[x]
ElementDefinition: element
#ConceptMap.group.element.target.dependsOn: product
unsignedInt|string|Money: allowed[x] used[x]
string|Reference: manufacturer[x]
ProductShelfLife: shelfLifeStorage
ProdCharacteristic: physicalCharacteristics
TriggerDefinition: trigger
Expression: definitionExpression criteria
Quantity|Range: instances[x] duration[x]
Coding|uri: event[x]
Range: range age gestationalAge temperatureRange
Period|date|string: born[x]
boolean|Age|Range|date|string: deceased[x]
date|CodeableConcept: start[x]
Quantity|Range|CodeableConcept|string|boolean|integer|Ratio: detail[x]
date|Duration: due[x]
uri|canonical|CodeableConcept: module[x]
DataRequirement: dataRequirement output
positiveInt|string: doseNumber[x] seriesDoses[x]
boolean|canonical: example[x]
url|Reference: name[x]
url: rendering relativePath
#Invoice.lineItem.priceComponent: totalPriceComponent
CodeableConcept|Quantity: characteristic[x]
Duration: halfLifePeriod dispenseInterval expectedSupplyDuration maxTreatmentPeriod due studyEffectiveTimeFromStart
 participantEffectiveTimeFromStart retentionTime maxDuration
boolean|Reference: reported[x]
MarketingStatus: marketingStatus
Period|dateTime: date[x] occurred[x]
#MedicinalProductAuthorization.procedure: application
boolean|integer: multipleBirth[x]
canonical|uri: definition[x]
Duration|Range: offset[x]
dateTime|Period|string|Age|Range: performed[x]
boolean|decimal|integer|date|dateTime|time|string|Coding|Quantity|Reference: answer[x]
dateTime|Period|Duration|Timing: studyEffective[x] participantEffective[x]
decimal|Range: probability[x]
Period|Range: when[x]
Quantity|Ratio|Range: quantity[x]
CodeableConcept|Duration: fastingStatus[x]
Quantity|string: minimumVolume[x]
#SubstanceSpecification.structure.isotope.molecularWeight: molecularWeight
#SubstanceSpecification.name: translation
`;

/** `Type<Base: element element=type`; the type stands there where it is not the usual one. */
export const ELEMENTS = `
Element<: id extension
BackboneElement<Element: modifierExtension
base64Binary<Element: value=base64Binary
boolean<Element: value=boolean
canonical<uri: value
code<string:
date<Element: value=date
dateTime<Element: value=dateTime
decimal<Element: value=decimal
id<string:
instant<Element: value=instant
integer<Element: value=integer
markdown<string:
oid<uri: value
positiveInt<integer: value
string<Element: value
time<Element: value=time
unsignedInt<integer: value
uri<Element: value=uri
url<uri: value
uuid<uri: value
xhtml<Element: id=System.String value
Address<Element: use type=code text=string line city district state postalCode country=string period
Age<Quantity:
Annotation<Element: author[x] time text=markdown
Attachment<Element: contentType language data url=url size hash title creation
CodeableConcept<Element: coding text=string
Coding<Element: system version code=code display userSelected
ContactDetail<Element: name telecom
ContactPoint<Element: system=code value use rank period
Contributor<Element: type=code name contact
Count<Quantity:
DataRequirement<Element: type=code profile subject[x] mustSupport codeFilter dateFilter limit sort
DataRequirement.codeFilter: path searchParam valueSet code=Coding
DataRequirement.dateFilter: path searchParam value[x]=dateTime|Period|Duration
DataRequirement.sort: path direction
Distance<Quantity:
Dosage<BackboneElement: sequence=integer text=string additionalInstruction patientInstruction timing asNeeded[x]
 site route method doseAndRate maxDosePerPeriod maxDosePerAdministration maxDosePerLifetime
Dosage.doseAndRate: type dose[x] rate[x]
Duration<Quantity:
ElementDefinition<BackboneElement: path representation=code sliceName sliceIsConstraining label code=Coding slicing
 short definition=markdown comment=markdown requirements alias min=unsignedInt max base=Element contentReference
 type=Element defaultValue[x] meaningWhenMissing orderMeaning fixed[x] pattern[x] example minValue[x] maxValue[x]
 maxLength condition=id constraint mustSupport=boolean isModifier isModifierReason isSummary binding mapping
ElementDefinition.slicing: discriminator description ordered rules
ElementDefinition.slicing.discriminator: type=code path
ElementDefinition.base: path min=unsignedInt max
ElementDefinition.type: code=uri profile targetProfile aggregation versioning
ElementDefinition.example: label value[x]
ElementDefinition.constraint: key requirements=string severity human expression xpath source=canonical
ElementDefinition.binding: strength=code description valueSet
ElementDefinition.mapping: identity language map comment
Expression<Element: description name=id language expression reference=uri
Extension<Element: url value[x]
HumanName<Element: use text=string family given prefix suffix period
Identifier<Element: use type system value period assigner
MarketingStatus<BackboneElement: country jurisdiction status=CodeableConcept dateRange restoreDate
Meta<Element: versionId=id lastUpdated source=uri profile security tag project author onBehalfOf account accounts
 compartment deleted
Money<Element: value=decimal currency
Narrative<Element: status div
ParameterDefinition<Element: name=code use min max documentation type=code profile
Period<Element: start=dateTime end=dateTime
Population<BackboneElement: age[x] gender=CodeableConcept race physiologicalCondition
ProdCharacteristic<BackboneElement: height width depth weight nominalVolume externalDiameter shape color imprint
 image scoring
ProductShelfLife<BackboneElement: identifier type period=Quantity specialPrecautionsForStorage
Quantity<Element: value=decimal comparator unit system code=code
Range<Element: low high
Ratio<Element: numerator denominator
Reference<Element: reference=string type=uri identifier display
RelatedArtifact<Element: type=code label display citation url=url document resource=canonical
SampledData<Element: origin=Quantity period=decimal factor lowerLimit upperLimit dimensions data=string
Signature<Element: type=Coding when who onBehalfOf targetFormat sigFormat data
SubstanceAmount<BackboneElement: amount[x] amountType amountText referenceRange
SubstanceAmount.referenceRange: lowLimit highLimit
Timing<BackboneElement: event=dateTime repeat code
Timing.repeat: bounds[x] count=positiveInt countMax duration durationMax durationUnit frequency frequencyMax
 period=decimal periodMax periodUnit dayOfWeek timeOfDay when=code offset
TriggerDefinition<Element: type=code name timing[x]=Timing|Reference|date|dateTime data=DataRequirement
 condition=Expression
UsageContext<Element: code=Coding value[x]=CodeableConcept|Quantity|Range|Reference
Resource<: id meta implicitRules language
Account<DomainResource: identifier status type name subject servicePeriod coverage=BackboneElement owner description
 guarantor partOf
Account.coverage: coverage priority=positiveInt
Account.guarantor: party onHold period
ActivityDefinition<DomainResource: url identifier version name title subtitle status experimental subject[x] date
 publisher contact description=markdown useContext jurisdiction purpose usage copyright approvalDate lastReviewDate
 effectivePeriod topic author=ContactDetail editor reviewer endorser relatedArtifact library kind profile code
 intent priority doNotPerform timing[x]=Timing|dateTime|Age|Period|Range|Duration location participant product[x]
 quantity dosage bodySite specimenRequirement observationRequirement observationResultRequirement transform
 dynamicValue
ActivityDefinition.participant: type=code role
ActivityDefinition.dynamicValue: path expression=Expression
AdverseEvent<DomainResource: identifier actuality category event subject encounter date detected recordedDate
 resultingCondition location seriousness severity=CodeableConcept outcome=CodeableConcept recorder contributor
 suspectEntity subjectMedicalHistory referenceDocument study
AdverseEvent.suspectEntity: instance=Reference causality
AdverseEvent.suspectEntity.causality: assessment productRelatedness author method
AllergyIntolerance<DomainResource: identifier clinicalStatus verificationStatus type=code category=code criticality
 code patient encounter onset[x] recordedDate recorder asserter lastOccurrence note reaction
AllergyIntolerance.reaction: substance manifestation description onset severity exposureRoute note
Appointment<DomainResource: identifier status cancelationReason serviceCategory serviceType specialty
 appointmentType reasonCode reasonReference priority=unsignedInt description supportingInformation start=instant end
 minutesDuration slot created comment patientInstruction basedOn participant requestedPeriod
Appointment.participant: type actor required=code status period
AppointmentResponse<DomainResource: identifier appointment start=instant end participantType actor participantStatus
 comment
AuditEvent<DomainResource: type=Coding subtype=Coding action=code period recorded outcome outcomeDesc purposeOfEvent
 agent source=BackboneElement entity
AuditEvent.agent: type role who altId name requestor=boolean location policy media network=BackboneElement
 purposeOfUse
AuditEvent.agent.network: address=string type=code
AuditEvent.source: site=string observer type=Coding
AuditEvent.entity: what type=Coding role=Coding lifecycle securityLabel name description query detail
AuditEvent.entity.detail: type=string value[x]=string|base64Binary
Basic<DomainResource: identifier code subject created=date author
Binary<Resource: contentType securityContext data url=url
BiologicallyDerivedProduct<DomainResource: identifier productCategory productCode status request quantity=integer
 parent collection processing manipulation storage
BiologicallyDerivedProduct.collection: collector source collected[x]
BiologicallyDerivedProduct.processing: description procedure=CodeableConcept additive time[x]
BiologicallyDerivedProduct.manipulation: description time[x]
BiologicallyDerivedProduct.storage: description temperature scale duration=Period
BodyStructure<DomainResource: identifier active morphology location=CodeableConcept locationQualifier description
 image patient
Bundle<Resource: identifier type=code timestamp total=unsignedInt link entry signature
Bundle.link: relation url
Bundle.entry: link=#Bundle.link fullUrl resource=Resource search request=BackboneElement response
Bundle.entry.search: mode score
Bundle.entry.request: method=code url ifNoneMatch ifModifiedSince ifMatch ifNoneExist
Bundle.entry.response: status=string location=uri etag lastModified outcome=OperationOutcome
CapabilityStatement<DomainResource: url version name title status experimental date publisher contact
 description=markdown useContext jurisdiction purpose copyright kind instantiates=canonical imports software
 implementation fhirVersion format patchFormat implementationGuide rest messaging document=BackboneElement
CapabilityStatement.software: name version releaseDate
CapabilityStatement.implementation: description url=url custodian
CapabilityStatement.rest: mode documentation=markdown security=BackboneElement resource interaction
 searchParam=#CapabilityStatement.rest.resource.searchParam operation=#CapabilityStatement.rest.resource.operation
 compartment=canonical
CapabilityStatement.rest.security: cors service description=markdown
CapabilityStatement.rest.resource: type=code profile supportedProfile documentation=markdown interaction versioning
 readHistory updateCreate conditionalCreate conditionalRead conditionalUpdate conditionalDelete referencePolicy
 searchInclude searchRevInclude searchParam=BackboneElement operation
CapabilityStatement.rest.resource.interaction: code=code documentation=markdown
CapabilityStatement.rest.resource.searchParam: name definition type=code documentation=markdown
CapabilityStatement.rest.resource.operation: name definition documentation=markdown
CapabilityStatement.rest.interaction: code=code documentation=markdown
CapabilityStatement.messaging: endpoint=BackboneElement reliableCache documentation=markdown supportedMessage
CapabilityStatement.messaging.endpoint: protocol address=url
CapabilityStatement.messaging.supportedMessage: mode definition
CapabilityStatement.document: mode documentation=markdown profile
CarePlan<DomainResource: identifier instantiatesCanonical instantiatesUri basedOn replaces partOf status intent
 category title description subject encounter period created author contributor careTeam=Reference addresses
 supportingInfo goal activity note
CarePlan.activity: outcomeCodeableConcept outcomeReference progress reference detail
CarePlan.activity.detail: kind instantiatesCanonical instantiatesUri code reasonCode reasonReference goal status
 statusReason doNotPerform scheduled[x] location performer product[x]=CodeableConcept|Reference dailyAmount quantity
 description
CareTeam<DomainResource: identifier status category name subject encounter period participant reasonCode
 reasonReference managingOrganization telecom note
CareTeam.participant: role member onBehalfOf period
CatalogEntry<DomainResource: identifier type orderable referencedItem additionalIdentifier classification status
 validityPeriod validTo lastUpdated=dateTime additionalCharacteristic additionalClassification relatedEntry
CatalogEntry.relatedEntry: relationtype item=Reference
ChargeItem<DomainResource: identifier definitionUri definitionCanonical status partOf code subject context
 occurrence[x] performer=BackboneElement performingOrganization requestingOrganization costCenter quantity bodysite
 factorOverride priceOverride overrideReason enterer enteredDate reason service=Reference product[x] account note
 supportingInformation
ChargeItem.performer: function actor
ChargeItemDefinition<DomainResource: url identifier version title derivedFromUri partOf=canonical replaces=canonical
 status experimental date publisher contact description=markdown useContext jurisdiction copyright approvalDate
 lastReviewDate effectivePeriod code instance=Reference applicability propertyGroup
ChargeItemDefinition.applicability: description language=string expression
ChargeItemDefinition.propertyGroup: applicability=#ChargeItemDefinition.applicability priceComponent
ChargeItemDefinition.propertyGroup.priceComponent: type=code code factor amount
Claim<DomainResource: identifier status type subType use patient billablePeriod created enterer insurer provider
 priority=CodeableConcept fundsReserve related prescription originalPrescription payee referral facility careTeam
 supportingInfo=BackboneElement diagnosis procedure insurance accident item total=Money
Claim.related: claim relationship reference=Identifier
Claim.payee: type party
Claim.careTeam: sequence provider responsible=boolean role qualification
Claim.supportingInfo: sequence category code timing[x] value[x]=boolean|string|Quantity|Attachment|Reference reason
Claim.diagnosis: sequence diagnosis[x] type onAdmission packageCode
Claim.procedure: sequence type date procedure[x] udi
Claim.insurance: sequence focal identifier coverage businessArrangement preAuthRef claimResponse
Claim.accident: date=date type location[x]=Address|Reference
Claim.item: sequence careTeamSequence diagnosisSequence procedureSequence informationSequence revenue category
 productOrService modifier programCode serviced[x] location[x] quantity unitPrice factor net udi bodySite subSite
 encounter detail
Claim.item.detail: sequence revenue category productOrService modifier programCode quantity unitPrice factor net udi
 subDetail
Claim.item.detail.subDetail: sequence revenue category productOrService modifier programCode quantity unitPrice
 factor net udi
ClaimResponse<DomainResource: identifier status type subType use patient created insurer requestor request outcome
 disposition preAuthRef preAuthPeriod payeeType item addItem adjudication total payment fundsReserve formCode form
 processNote communicationRequest insurance error
ClaimResponse.item: itemSequence noteNumber adjudication=BackboneElement detail
ClaimResponse.item.adjudication: category reason amount value=decimal
ClaimResponse.item.detail: detailSequence noteNumber adjudication subDetail
ClaimResponse.item.detail.subDetail: subDetailSequence noteNumber adjudication
ClaimResponse.addItem: itemSequence detailSequence subdetailSequence provider productOrService modifier programCode
 serviced[x] location[x] quantity unitPrice factor net bodySite subSite noteNumber adjudication detail
ClaimResponse.addItem.detail: productOrService modifier quantity unitPrice factor net noteNumber adjudication
 subDetail
ClaimResponse.addItem.detail.subDetail: productOrService modifier quantity unitPrice factor net noteNumber
 adjudication
ClaimResponse.total: category amount
ClaimResponse.payment: type adjustment adjustmentReason date=date amount identifier
ClaimResponse.processNote: number=positiveInt type=code text=string language=CodeableConcept
ClaimResponse.insurance: sequence focal coverage businessArrangement claimResponse
ClaimResponse.error: itemSequence detailSequence subDetailSequence code
ClinicalImpression<DomainResource: identifier status statusReason code description subject encounter effective[x]
 date assessor previous problem investigation protocol=uri summary finding prognosisCodeableConcept
 prognosisReference supportingInfo note
ClinicalImpression.investigation: code item=Reference
ClinicalImpression.finding: itemCodeableConcept itemReference basis
CodeSystem<DomainResource: url identifier version name title status experimental date publisher contact
 description=markdown useContext jurisdiction purpose copyright caseSensitive valueSet hierarchyMeaning
 compositional versionNeeded content=code supplements count=unsignedInt filter property concept
CodeSystem.filter: code=code description operator value
CodeSystem.property: code=code uri description type=code
CodeSystem.concept: code=code display definition=string designation property concept=#CodeSystem.concept
CodeSystem.concept.designation: language use=Coding value
CodeSystem.concept.property: code=code value[x]=code|Coding|string|integer|boolean|dateTime|decimal
Communication<DomainResource: identifier instantiatesCanonical instantiatesUri basedOn partOf inResponseTo status
 statusReason category priority medium subject topic about encounter sent received recipient sender reasonCode
 reasonReference payload note
Communication.payload: content[x]=string|Attachment|Reference
CommunicationRequest<DomainResource: identifier basedOn replaces groupIdentifier status statusReason category
 priority doNotPerform medium subject about encounter payload occurrence[x]=dateTime|Period authoredOn requester
 recipient sender reasonCode reasonReference note
CommunicationRequest.payload: content[x]=string|Attachment|Reference
CompartmentDefinition<DomainResource: url version name status experimental date publisher contact
 description=markdown useContext purpose code=code search=boolean resource
CompartmentDefinition.resource: code=code param documentation
Composition<DomainResource: identifier status type category subject encounter date author title confidentiality
 attester custodian relatesTo event=BackboneElement section
Composition.attester: mode time party
Composition.relatesTo: code=code target[x]
Composition.event: code period detail=Reference
Composition.section: title code author focus text mode orderedBy entry=Reference emptyReason
 section=#Composition.section
ConceptMap<DomainResource: url identifier version name title status experimental date publisher contact
 description=markdown useContext jurisdiction purpose copyright source[x] target[x]=uri|canonical group
ConceptMap.group: source=uri sourceVersion target=uri targetVersion element=BackboneElement unmapped
ConceptMap.group.element: code=code display target
ConceptMap.group.element.target: code=code display equivalence comment dependsOn product
ConceptMap.group.element.target.dependsOn: property=uri system=canonical value display
ConceptMap.group.unmapped: mode code=code display url=canonical
Condition<DomainResource: identifier clinicalStatus verificationStatus category severity=CodeableConcept code
 bodySite subject encounter onset[x] abatement[x] recordedDate recorder asserter stage evidence note
Condition.stage: summary=CodeableConcept assessment=Reference type
Condition.evidence: code detail=Reference
Consent<DomainResource: identifier status scope category patient dateTime performer organization
 source[x]=Attachment|Reference policy=BackboneElement policyRule verification provision
Consent.policy: authority=uri uri
Consent.verification: verified verifiedWith verificationDate
Consent.provision: type=code period actor=BackboneElement action=CodeableConcept securityLabel purpose=Coding class
 code dataPeriod data=BackboneElement provision=#Consent.provision
Consent.provision.actor: role reference
Consent.provision.data: meaning reference
Contract<DomainResource: identifier url version status legalState instantiatesCanonical=Reference instantiatesUri
 contentDerivative issued applies expirationType subject authority domain=Reference site=Reference name title
 subtitle alias author scope topic[x] type subType contentDefinition term=BackboneElement supportingInfo
 relevantHistory signer friendly legal rule legallyBinding[x]
Contract.contentDefinition: type subType publisher=Reference publicationDate publicationStatus copyright
Contract.term: identifier issued applies topic[x] type subType text=string securityLabel=BackboneElement offer asset
 action group=#Contract.term
Contract.term.securityLabel: number classification=Coding category=Coding control
Contract.term.offer: identifier party=BackboneElement topic=Reference type decision decisionMode answer text=string
 linkId securityLabelNumber
Contract.term.offer.party: reference role
Contract.term.offer.answer:
 value[x]=boolean|decimal|integer|date|dateTime|time|string|uri|Attachment|Coding|Quantity|Reference
Contract.term.asset: scope type typeReference subtype relationship=Coding context=BackboneElement condition
 periodType period usePeriod text=string linkId answer=#Contract.term.offer.answer securityLabelNumber valuedItem
Contract.term.asset.context: reference code text=string
Contract.term.asset.valuedItem: entity[x] identifier effectiveTime quantity unitPrice factor points net
 payment=string paymentDate=dateTime responsible recipient linkId securityLabelNumber
Contract.term.action: doNotPerform type subject=BackboneElement intent=CodeableConcept linkId status=CodeableConcept
 context contextLinkId occurrence[x] requester requesterLinkId performerType performerRole performer performerLinkId
 reasonCode reasonReference reason=string reasonLinkId note securityLabelNumber
Contract.term.action.subject: reference role
Contract.signer: type=Coding party signature
Contract.friendly: content[x]
Contract.legal: content[x]
Contract.rule: content[x]
Coverage<DomainResource: identifier status type policyHolder subscriber subscriberId beneficiary dependent
 relationship period payor class=BackboneElement order network=string costToBeneficiary subrogation contract
Coverage.class: type value name
Coverage.costToBeneficiary: type value[x]=Quantity|Money exception
Coverage.costToBeneficiary.exception: type period
CoverageEligibilityRequest<DomainResource: identifier status priority=CodeableConcept purpose=code patient
 serviced[x] created enterer provider insurer facility supportingInfo=BackboneElement insurance item
CoverageEligibilityRequest.supportingInfo: sequence information appliesToAll
CoverageEligibilityRequest.insurance: focal coverage businessArrangement
CoverageEligibilityRequest.item: supportingInfoSequence category productOrService modifier provider quantity
 unitPrice facility diagnosis detail=Reference
CoverageEligibilityRequest.item.diagnosis: diagnosis[x]
CoverageEligibilityResponse<DomainResource: identifier status purpose=code patient serviced[x] created requestor
 request outcome disposition insurer insurance preAuthRef form=CodeableConcept error
CoverageEligibilityResponse.insurance: coverage inforce benefitPeriod item
CoverageEligibilityResponse.insurance.item: category productOrService modifier provider excluded name description
 network=CodeableConcept unit=CodeableConcept term benefit authorizationRequired authorizationSupporting
 authorizationUrl
CoverageEligibilityResponse.insurance.item.benefit: type allowed[x] used[x]
CoverageEligibilityResponse.error: code
DetectedIssue<DomainResource: identifier status code severity patient identified[x] author implicated evidence
 detail=string reference=uri mitigation
DetectedIssue.evidence: code detail=Reference
DetectedIssue.mitigation: action=CodeableConcept date author
Device<DomainResource: identifier definition=Reference udiCarrier status statusReason distinctIdentifier
 manufacturer=string manufactureDate expirationDate lotNumber serialNumber deviceName modelNumber partNumber type
 specialization version=BackboneElement property patient owner contact=ContactPoint location url note safety parent
Device.udiCarrier: deviceIdentifier issuer jurisdiction=uri carrierAIDC carrierHRF entryType
Device.deviceName: name type=code
Device.specialization: systemType version
Device.version: type component=Identifier value
Device.property: type valueQuantity valueCode
DeviceDefinition<DomainResource: identifier udiDeviceIdentifier manufacturer[x] deviceName modelNumber type
 specialization version safety shelfLifeStorage physicalCharacteristics languageCode capability property owner
 contact=ContactPoint url onlineInformation note quantity parentDevice material=BackboneElement
 classification=BackboneElement bodySite
DeviceDefinition.udiDeviceIdentifier: deviceIdentifier issuer jurisdiction=uri
DeviceDefinition.deviceName: name type=code
DeviceDefinition.specialization: systemType=string version
DeviceDefinition.capability: type description=CodeableConcept
DeviceDefinition.property: type valueQuantity valueCode
DeviceDefinition.material: substance alternate allergenicIndicator
DeviceDefinition.classification: id=id type justification
DeviceMetric<DomainResource: identifier type unit=CodeableConcept source parent operationalStatus color=code
 category=code measurementPeriod calibration
DeviceMetric.calibration: type=code state=code time=instant
DeviceRequest<DomainResource: identifier instantiatesCanonical instantiatesUri basedOn priorRequest groupIdentifier
 status intent priority code[x] parameter subject encounter occurrence[x] authoredOn requester performerType
 performer reasonCode reasonReference insurance=Reference supportingInfo note relevantHistory
DeviceRequest.parameter: code value[x]=CodeableConcept|Quantity|Range|boolean
DeviceUseStatement<DomainResource: identifier basedOn status subject derivedFrom timing[x]=Timing|Period|dateTime
 recordedOn source device reasonCode reasonReference bodySite note
DiagnosticReport<DomainResource: identifier basedOn status category code subject encounter effective[x]
 issued=instant performer resultsInterpreter specimen result imagingStudy media=BackboneElement conclusion
 conclusionCode presentedForm
DiagnosticReport.media: comment link=Reference
DocumentManifest<DomainResource: masterIdentifier identifier status type subject created author recipient source=uri
 description content=Reference related
DocumentManifest.related: identifier ref
DocumentReference<DomainResource: masterIdentifier identifier status docStatus type category subject date=instant
 author authenticator custodian relatesTo description securityLabel=CodeableConcept content=BackboneElement
 context=BackboneElement
DocumentReference.relatesTo: code=code target=Reference
DocumentReference.content: attachment format=Coding
DocumentReference.context: encounter event period facilityType practiceSetting sourcePatientInfo related=Reference
DomainResource<Resource: text contained extension modifierExtension
EffectEvidenceSynthesis<DomainResource: url identifier version name title status date publisher contact
 description=markdown note useContext jurisdiction copyright approvalDate lastReviewDate effectivePeriod topic
 author=ContactDetail editor reviewer endorser relatedArtifact synthesisType studyType population exposure
 exposureAlternative outcome=Reference sampleSize resultsByExposure effectEstimate certainty
EffectEvidenceSynthesis.sampleSize: description numberOfStudies numberOfParticipants
EffectEvidenceSynthesis.resultsByExposure: description exposureState variantState riskEvidenceSynthesis
EffectEvidenceSynthesis.effectEstimate: description type variantState value=decimal unitOfMeasure precisionEstimate
EffectEvidenceSynthesis.effectEstimate.precisionEstimate: type level from to
EffectEvidenceSynthesis.certainty: rating note certaintySubcomponent
EffectEvidenceSynthesis.certainty.certaintySubcomponent: type rating note
Encounter<DomainResource: identifier status statusHistory class classHistory type serviceType
 priority=CodeableConcept subject episodeOfCare basedOn participant appointment period length=Duration reasonCode
 reasonReference diagnosis account hospitalization location=BackboneElement serviceProvider partOf
Encounter.statusHistory: status period
Encounter.classHistory: class period
Encounter.participant: type period individual
Encounter.diagnosis: condition=Reference use=CodeableConcept rank
Encounter.hospitalization: preAdmissionIdentifier origin=Reference admitSource reAdmission dietPreference
 specialCourtesy specialArrangement destination dischargeDisposition
Encounter.location: location status physicalType period
Endpoint<DomainResource: identifier status connectionType name managingOrganization contact=ContactPoint period
 payloadType payloadMimeType address=url header
EnrollmentRequest<DomainResource: identifier status created insurer provider candidate coverage
EnrollmentResponse<DomainResource: identifier status request outcome disposition created organization
 requestProvider
EpisodeOfCare<DomainResource: identifier status statusHistory type diagnosis patient managingOrganization period
 referralRequest careManager team account
EpisodeOfCare.statusHistory: status period
EpisodeOfCare.diagnosis: condition=Reference role rank
EventDefinition<DomainResource: url identifier version name title subtitle status experimental subject[x] date
 publisher contact description=markdown useContext jurisdiction purpose usage copyright approvalDate lastReviewDate
 effectivePeriod topic author=ContactDetail editor reviewer endorser relatedArtifact trigger
Evidence<DomainResource: url identifier version name title shortTitle subtitle status date publisher contact
 description=markdown note useContext jurisdiction copyright approvalDate lastReviewDate effectivePeriod topic
 author=ContactDetail editor reviewer endorser relatedArtifact exposureBackground exposureVariant outcome=Reference
EvidenceVariable<DomainResource: url identifier version name title shortTitle subtitle status date publisher contact
 description=markdown note useContext jurisdiction copyright approvalDate lastReviewDate effectivePeriod topic
 author=ContactDetail editor reviewer endorser relatedArtifact type=code characteristic
EvidenceVariable.characteristic: linkId=id description=markdown note exclude definitionReference definitionCanonical
 definitionCodeableConcept definitionExpression definitionId definitionByTypeAndValue definitionByCombination
 instances[x] duration[x] timeFromEvent
EvidenceVariable.characteristic.definitionByTypeAndValue: type method device
 value[x]=CodeableConcept|boolean|Quantity|Range|Reference|id offset=CodeableConcept
EvidenceVariable.characteristic.definitionByCombination: code=code threshold
 characteristic=#EvidenceVariable.characteristic
EvidenceVariable.characteristic.timeFromEvent: description=markdown note
 event[x]=CodeableConcept|Reference|dateTime|id quantity range
ExampleScenario<DomainResource: url identifier version name status experimental date publisher contact useContext
 jurisdiction copyright purpose actor=BackboneElement instance process workflow
ExampleScenario.actor: actorId type=code name description=markdown
ExampleScenario.instance: resourceId resourceType name description=markdown version=BackboneElement
 containedInstance
ExampleScenario.instance.version: versionId description=markdown
ExampleScenario.instance.containedInstance: resourceId versionId
ExampleScenario.process: title description=markdown preConditions postConditions step
ExampleScenario.process.step: process=#ExampleScenario.process pause operation alternative
ExampleScenario.process.step.operation: number=string type=string name initiator receiver=string
 description=markdown initiatorActive receiverActive request=#ExampleScenario.instance.containedInstance
 response=#ExampleScenario.instance.containedInstance
ExampleScenario.process.step.alternative: title description=markdown step=#ExampleScenario.process.step
ExplanationOfBenefit<DomainResource: identifier status type subType use patient billablePeriod created enterer
 insurer provider priority=CodeableConcept fundsReserveRequested fundsReserve related prescription
 originalPrescription payee referral facility claim claimResponse outcome disposition preAuthRef preAuthRefPeriod
 careTeam supportingInfo=BackboneElement diagnosis procedure precedence insurance accident item addItem
 adjudication=#ExplanationOfBenefit.item.adjudication total payment formCode form processNote benefitPeriod
 benefitBalance
ExplanationOfBenefit.related: claim relationship reference=Identifier
ExplanationOfBenefit.payee: type party
ExplanationOfBenefit.careTeam: sequence provider responsible=boolean role qualification
ExplanationOfBenefit.supportingInfo: sequence category code timing[x]
 value[x]=boolean|string|Quantity|Attachment|Reference reason=Coding
ExplanationOfBenefit.diagnosis: sequence diagnosis[x] type onAdmission packageCode
ExplanationOfBenefit.procedure: sequence type date procedure[x] udi
ExplanationOfBenefit.insurance: focal coverage preAuthRef
ExplanationOfBenefit.accident: date=date type location[x]=Address|Reference
ExplanationOfBenefit.item: sequence careTeamSequence diagnosisSequence procedureSequence informationSequence revenue
 category productOrService modifier programCode serviced[x] location[x] quantity unitPrice factor net udi bodySite
 subSite encounter noteNumber adjudication=BackboneElement detail
ExplanationOfBenefit.item.adjudication: category reason amount value=decimal
ExplanationOfBenefit.item.detail: sequence revenue category productOrService modifier programCode quantity unitPrice
 factor net udi noteNumber adjudication=#ExplanationOfBenefit.item.adjudication subDetail
ExplanationOfBenefit.item.detail.subDetail: sequence revenue category productOrService modifier programCode quantity
 unitPrice factor net udi noteNumber adjudication=#ExplanationOfBenefit.item.adjudication
ExplanationOfBenefit.addItem: itemSequence detailSequence subDetailSequence provider productOrService modifier
 programCode serviced[x] location[x] quantity unitPrice factor net bodySite subSite noteNumber
 adjudication=#ExplanationOfBenefit.item.adjudication detail
ExplanationOfBenefit.addItem.detail: productOrService modifier quantity unitPrice factor net noteNumber
 adjudication=#ExplanationOfBenefit.item.adjudication subDetail
ExplanationOfBenefit.addItem.detail.subDetail: productOrService modifier quantity unitPrice factor net noteNumber
 adjudication=#ExplanationOfBenefit.item.adjudication
ExplanationOfBenefit.total: category amount
ExplanationOfBenefit.payment: type adjustment adjustmentReason date=date amount identifier
ExplanationOfBenefit.processNote: number=positiveInt type=code text=string language=CodeableConcept
ExplanationOfBenefit.benefitBalance: category excluded name description network=CodeableConcept unit=CodeableConcept
 term financial
ExplanationOfBenefit.benefitBalance.financial: type allowed[x] used[x]=unsignedInt|Money
FamilyMemberHistory<DomainResource: identifier instantiatesCanonical instantiatesUri status dataAbsentReason patient
 date name relationship sex born[x] age[x]=Age|Range|string estimatedAge deceased[x] reasonCode reasonReference note
 condition=BackboneElement
FamilyMemberHistory.condition: code outcome=CodeableConcept contributedToDeath onset[x]=Age|Range|Period|string note
Flag<DomainResource: identifier status category code subject period encounter author
Goal<DomainResource: identifier lifecycleStatus achievementStatus category priority=CodeableConcept
 description=CodeableConcept subject start[x] target statusDate=date statusReason=string expressedBy addresses note
 outcomeCode outcomeReference
Goal.target: measure detail[x] due[x]
GraphDefinition<DomainResource: url version name status experimental date publisher contact description=markdown
 useContext jurisdiction purpose start=code profile link
GraphDefinition.link: path sliceName min max description target
GraphDefinition.link.target: type=code params profile compartment=BackboneElement link=#GraphDefinition.link
GraphDefinition.link.target.compartment: use code=code rule=code expression description
Group<DomainResource: identifier active type=code actual code name quantity=unsignedInt managingEntity
 characteristic member=BackboneElement
Group.characteristic: code value[x]=CodeableConcept|boolean|Quantity|Range|Reference exclude period
Group.member: entity=Reference period inactive
GuidanceResponse<DomainResource: requestIdentifier identifier module[x] status subject encounter occurrenceDateTime
 performer reasonCode reasonReference note evaluationMessage outputParameters result dataRequirement
HealthcareService<DomainResource: identifier active providedBy offeredIn category type specialty location name
 comment extraDetails photo telecom coverageArea serviceProvisionCode eligibility program
 characteristic=CodeableConcept communication referralMethod appointmentRequired availableTime notAvailable
 availabilityExceptions endpoint
HealthcareService.eligibility: code comment=markdown
HealthcareService.availableTime: daysOfWeek allDay availableStartTime availableEndTime
HealthcareService.notAvailable: description during
ImagingStudy<DomainResource: identifier status modality subject encounter started basedOn referrer interpreter
 endpoint numberOfSeries numberOfInstances procedureReference procedureCode location reasonCode reasonReference note
 description series=BackboneElement
ImagingStudy.series: uid number modality description numberOfInstances endpoint bodySite=Coding laterality specimen
 started performer=BackboneElement instance
ImagingStudy.series.performer: function actor
ImagingStudy.series.instance: uid sopClass number title
Immunization<DomainResource: identifier status statusReason vaccineCode patient encounter
 occurrence[x]=dateTime|string recorded=dateTime primarySource reportOrigin location manufacturer lotNumber
 expirationDate=date site route doseQuantity performer=BackboneElement note reasonCode reasonReference isSubpotent
 subpotentReason education programEligibility fundingSource reaction protocolApplied
Immunization.performer: function actor
Immunization.education: documentType reference=uri publicationDate presentationDate
Immunization.reaction: date detail=Reference reported
Immunization.protocolApplied: series authority targetDisease doseNumber[x] seriesDoses[x]
ImmunizationEvaluation<DomainResource: identifier status patient date authority targetDisease immunizationEvent
 doseStatus doseStatusReason description series doseNumber[x] seriesDoses[x]
ImmunizationRecommendation<DomainResource: identifier patient date authority recommendation
ImmunizationRecommendation.recommendation: vaccineCode targetDisease contraindicatedVaccineCode forecastStatus
 forecastReason dateCriterion description series doseNumber[x] seriesDoses[x] supportingImmunization
 supportingPatientInformation
ImmunizationRecommendation.recommendation.dateCriterion: code value=dateTime
ImplementationGuide<DomainResource: url version name title status experimental date publisher contact
 description=markdown useContext jurisdiction copyright packageId license fhirVersion dependsOn global
 definition=BackboneElement manifest
ImplementationGuide.dependsOn: uri=canonical packageId version
ImplementationGuide.global: type=code profile
ImplementationGuide.definition: grouping resource page parameter template
ImplementationGuide.definition.grouping: name description
ImplementationGuide.definition.resource: reference fhirVersion name description example[x] groupingId
ImplementationGuide.definition.page: name[x] title generation page=#ImplementationGuide.definition.page
ImplementationGuide.definition.parameter: code=code value
ImplementationGuide.definition.template: code=code source=string scope=string
ImplementationGuide.manifest: rendering resource page image=string other
ImplementationGuide.manifest.resource: reference example[x] relativePath
ImplementationGuide.manifest.page: name title anchor
InsurancePlan<DomainResource: identifier status type name alias period ownedBy administeredBy coverageArea
 contact=BackboneElement endpoint network coverage=BackboneElement plan
InsurancePlan.contact: purpose=CodeableConcept name=HumanName telecom address
InsurancePlan.coverage: type network benefit
InsurancePlan.coverage.benefit: type requirement limit=BackboneElement
InsurancePlan.coverage.benefit.limit: value=Quantity code
InsurancePlan.plan: identifier type coverageArea network generalCost specificCost
InsurancePlan.plan.generalCost: type groupSize cost comment
InsurancePlan.plan.specificCost: category benefit
InsurancePlan.plan.specificCost.benefit: type cost=BackboneElement
InsurancePlan.plan.specificCost.benefit.cost: type applicability=CodeableConcept qualifiers value=Quantity
Invoice<DomainResource: identifier status cancelledReason type subject recipient date participant issuer=Reference
 account lineItem totalPriceComponent totalNet totalGross paymentTerms note
Invoice.participant: role actor
Invoice.lineItem: sequence chargeItem[x] priceComponent
Invoice.lineItem.priceComponent: type=code code factor amount
Library<DomainResource: url identifier version name title subtitle status experimental type subject[x] date
 publisher contact description=markdown useContext jurisdiction purpose usage copyright approvalDate lastReviewDate
 effectivePeriod topic author=ContactDetail editor reviewer endorser relatedArtifact parameter=ParameterDefinition
 dataRequirement content
Linkage<DomainResource: active author item
Linkage.item: type=code resource=Reference
List<DomainResource: identifier status mode title code subject encounter date source orderedBy note entry
 emptyReason
List.entry: flag deleted date item=Reference
Location<DomainResource: identifier status operationalStatus=Coding name alias description mode type telecom address
 physicalType position managingOrganization partOf hoursOfOperation availabilityExceptions endpoint
Location.position: longitude latitude altitude
Location.hoursOfOperation: daysOfWeek allDay openingTime closingTime
Measure<DomainResource: url identifier version name title subtitle status experimental subject[x] date publisher
 contact description=markdown useContext jurisdiction purpose usage copyright approvalDate lastReviewDate
 effectivePeriod topic author=ContactDetail editor reviewer endorser relatedArtifact library disclaimer scoring
 compositeScoring type riskAdjustment rateAggregation rationale clinicalRecommendationStatement improvementNotation
 definition=markdown guidance group supplementalData
Measure.group: code description population=BackboneElement stratifier
Measure.group.population: code description criteria
Measure.group.stratifier: code description criteria component
Measure.group.stratifier.component: code description criteria
Measure.supplementalData: code usage=CodeableConcept description criteria
MeasureReport<DomainResource: identifier status type=code measure=canonical subject date reporter period
 improvementNotation group evaluatedResource
MeasureReport.group: code population=BackboneElement measureScore stratifier
MeasureReport.group.population: code count subjectResults
MeasureReport.group.stratifier: code stratum
MeasureReport.group.stratifier.stratum: value=CodeableConcept component population=BackboneElement measureScore
MeasureReport.group.stratifier.stratum.component: code value=CodeableConcept
MeasureReport.group.stratifier.stratum.population: code count subjectResults
Media<DomainResource: identifier basedOn partOf status type modality=CodeableConcept view subject encounter
 created[x] issued=instant operator=Reference reasonCode bodySite deviceName=string device height=positiveInt
 width=positiveInt frames duration content note
Medication<DomainResource: identifier code status manufacturer form=CodeableConcept amount=Ratio ingredient batch
Medication.ingredient: item[x] isActive strength
Medication.batch: lotNumber expirationDate
MedicationAdministration<DomainResource: identifier instantiates partOf status statusReason category medication[x]
 subject context supportingInformation effective[x] performer=BackboneElement reasonCode reasonReference request
 device note dosage=BackboneElement eventHistory
MedicationAdministration.performer: function actor
MedicationAdministration.dosage: text=string site route method dose rate[x]=Ratio|Quantity
MedicationDispense<DomainResource: identifier partOf status statusReason[x] category medication[x] subject context
 supportingInformation performer=BackboneElement location authorizingPrescription type quantity daysSupply
 whenPrepared whenHandedOver destination receiver note dosageInstruction substitution detectedIssue eventHistory
MedicationDispense.performer: function actor
MedicationDispense.substitution: wasSubstituted type reason responsibleParty
MedicationKnowledge<DomainResource: code status manufacturer doseForm amount=Quantity synonym
 relatedMedicationKnowledge associatedMedication productType monograph ingredient preparationInstruction
 intendedRoute cost=BackboneElement monitoringProgram administrationGuidelines medicineClassification packaging
 drugCharacteristic contraindication regulatory kinetics
MedicationKnowledge.relatedMedicationKnowledge: type reference
MedicationKnowledge.monograph: type source
MedicationKnowledge.ingredient: item[x] isActive strength
MedicationKnowledge.cost: type source=string cost
MedicationKnowledge.monitoringProgram: type name
MedicationKnowledge.administrationGuidelines: dosage=BackboneElement indication[x] patientCharacteristics
MedicationKnowledge.administrationGuidelines.dosage: type dosage
MedicationKnowledge.administrationGuidelines.patientCharacteristics: characteristic[x] value
MedicationKnowledge.medicineClassification: type classification
MedicationKnowledge.packaging: type quantity
MedicationKnowledge.drugCharacteristic: type value[x]=CodeableConcept|string|Quantity|base64Binary
MedicationKnowledge.regulatory: regulatoryAuthority substitution schedule=BackboneElement maxDispense
MedicationKnowledge.regulatory.substitution: type allowed
MedicationKnowledge.regulatory.schedule: schedule=CodeableConcept
MedicationKnowledge.regulatory.maxDispense: quantity period=Duration
MedicationKnowledge.kinetics: areaUnderCurve lethalDose50 halfLifePeriod
MedicationRequest<DomainResource: identifier status statusReason intent category priority doNotPerform reported[x]
 medication[x] subject encounter supportingInformation authoredOn requester performer performerType recorder
 reasonCode reasonReference instantiatesCanonical instantiatesUri basedOn groupIdentifier courseOfTherapyType
 insurance=Reference note dosageInstruction dispenseRequest substitution priorPrescription detectedIssue
 eventHistory
MedicationRequest.dispenseRequest: initialFill dispenseInterval validityPeriod numberOfRepeatsAllowed quantity
 expectedSupplyDuration performer
MedicationRequest.dispenseRequest.initialFill: quantity duration=Duration
MedicationRequest.substitution: allowed[x]=boolean|CodeableConcept reason
MedicationStatement<DomainResource: identifier basedOn partOf status statusReason category medication[x] subject
 context effective[x] dateAsserted informationSource derivedFrom reasonCode reasonReference note dosage
MedicinalProduct<DomainResource: identifier type domain=Coding combinedPharmaceuticalDoseForm legalStatusOfSupply
 additionalMonitoringIndicator specialMeasures paediatricUseIndicator productClassification marketingStatus
 pharmaceuticalProduct packagedMedicinalProduct attachedDocument masterFile contact=Reference clinicalTrial
 name=BackboneElement crossReference manufacturingBusinessOperation specialDesignation
MedicinalProduct.name: productName namePart countryLanguage
MedicinalProduct.name.namePart: part type=Coding
MedicinalProduct.name.countryLanguage: country jurisdiction language=CodeableConcept
MedicinalProduct.manufacturingBusinessOperation: operationType authorisationReferenceNumber effectiveDate
 confidentialityIndicator manufacturer regulator
MedicinalProduct.specialDesignation: identifier type intendedUse indication[x] status=CodeableConcept date species
MedicinalProductAuthorization<DomainResource: identifier subject country jurisdiction status=CodeableConcept
 statusDate restoreDate validityPeriod dataExclusivityPeriod dateOfFirstAuthorization internationalBirthDate
 legalBasis jurisdictionalAuthorization holder regulator procedure
MedicinalProductAuthorization.jurisdictionalAuthorization: identifier country jurisdiction legalStatusOfSupply
 validityPeriod
MedicinalProductAuthorization.procedure: identifier type date[x] application
MedicinalProductContraindication<DomainResource: subject disease diseaseStatus comorbidity therapeuticIndication
 otherTherapy population=Population
MedicinalProductContraindication.otherTherapy: therapyRelationshipType medication[x]
MedicinalProductIndication<DomainResource: subject diseaseSymptomProcedure diseaseStatus comorbidity intendedEffect
 duration=Quantity otherTherapy undesirableEffect population=Population
MedicinalProductIndication.otherTherapy: therapyRelationshipType medication[x]
MedicinalProductIngredient<DomainResource: identifier role allergenicIndicator manufacturer specifiedSubstance
 substance=BackboneElement
MedicinalProductIngredient.specifiedSubstance: code group=CodeableConcept confidentiality=CodeableConcept
 strength=BackboneElement
MedicinalProductIngredient.specifiedSubstance.strength: presentation presentationLowLimit concentration
 concentrationLowLimit measurementPoint country referenceStrength
MedicinalProductIngredient.specifiedSubstance.strength.referenceStrength: substance strength strengthLowLimit
 measurementPoint country
MedicinalProductIngredient.substance: code strength=#MedicinalProductIngredient.specifiedSubstance.strength
MedicinalProductInteraction<DomainResource: subject description interactant type effect incidence management
MedicinalProductInteraction.interactant: item[x]=Reference|CodeableConcept
MedicinalProductManufactured<DomainResource: manufacturedDoseForm unitOfPresentation quantity manufacturer
 ingredient=Reference physicalCharacteristics otherCharacteristics
MedicinalProductPackaged<DomainResource: identifier subject description legalStatusOfSupply marketingStatus
 marketingAuthorization manufacturer batchIdentifier packageItem
MedicinalProductPackaged.batchIdentifier: outerPackaging immediatePackaging
MedicinalProductPackaged.packageItem: identifier type quantity material alternateMaterial device manufacturedItem
 packageItem=#MedicinalProductPackaged.packageItem physicalCharacteristics otherCharacteristics shelfLifeStorage
 manufacturer
MedicinalProductPharmaceutical<DomainResource: identifier administrableDoseForm unitOfPresentation
 ingredient=Reference device characteristics routeOfAdministration
MedicinalProductPharmaceutical.characteristics: code status=CodeableConcept
MedicinalProductPharmaceutical.routeOfAdministration: code firstDose maxSingleDose maxDosePerDay
 maxDosePerTreatmentPeriod maxTreatmentPeriod targetSpecies
MedicinalProductPharmaceutical.routeOfAdministration.targetSpecies: code withdrawalPeriod
MedicinalProductPharmaceutical.routeOfAdministration.targetSpecies.withdrawalPeriod: tissue value=Quantity
 supportingInformation=string
MedicinalProductUndesirableEffect<DomainResource: subject symptomConditionEffect classification
 frequencyOfOccurrence population=Population
MessageDefinition<DomainResource: url identifier version name title replaces=canonical status experimental date
 publisher contact description=markdown useContext jurisdiction purpose copyright base parent=canonical event[x]
 category=code focus=BackboneElement responseRequired allowedResponse graph
MessageDefinition.focus: code=code profile min=unsignedInt max
MessageDefinition.allowedResponse: message=canonical situation
MessageHeader<DomainResource: event[x] destination=BackboneElement sender enterer author source=BackboneElement
 responsible reason response focus definition
MessageHeader.destination: name target=Reference endpoint=url receiver
MessageHeader.source: name software=string version contact=ContactPoint endpoint=url
MessageHeader.response: identifier=id code=code details
MolecularSequence<DomainResource: identifier type=code coordinateSystem patient specimen device performer quantity
 referenceSeq variant observedSeq quality readCoverage repository pointer structureVariant
MolecularSequence.referenceSeq: chromosome genomeBuild orientation referenceSeqId referenceSeqPointer
 referenceSeqString strand windowStart windowEnd
MolecularSequence.variant: start end=integer observedAllele referenceAllele cigar variantPointer
MolecularSequence.quality: type=code standardSequence start end=integer score=Quantity method truthTP queryTP
 truthFN queryFP gtFP precision recall fScore roc
MolecularSequence.quality.roc: score=integer numTP numFP numFN precision sensitivity fMeasure
MolecularSequence.repository: type=code url name datasetId variantsetId readsetId
MolecularSequence.structureVariant: variantType exact length outer inner
MolecularSequence.structureVariant.outer: start end=integer
MolecularSequence.structureVariant.inner: start end=integer
NamingSystem<DomainResource: name status kind date publisher contact responsible=string type description=markdown
 useContext jurisdiction usage uniqueId
NamingSystem.uniqueId: type=code value preferred comment period
NutritionOrder<DomainResource: identifier instantiatesCanonical instantiatesUri instantiates status intent patient
 encounter dateTime orderer allergyIntolerance foodPreferenceModifier excludeFoodModifier oralDiet supplement
 enteralFormula note
NutritionOrder.oralDiet: type schedule nutrient texture fluidConsistencyType instruction
NutritionOrder.oralDiet.nutrient: modifier amount=Quantity
NutritionOrder.oralDiet.texture: modifier foodType
NutritionOrder.supplement: type productName schedule quantity instruction
NutritionOrder.enteralFormula: baseFormulaType baseFormulaProductName additiveType additiveProductName
 caloricDensity routeofAdministration administration maxVolumeToDeliver administrationInstruction
NutritionOrder.enteralFormula.administration: schedule quantity rate[x]=Quantity|Ratio
Observation<DomainResource: identifier basedOn partOf status category code subject focus encounter
 effective[x]=dateTime|Period|Timing|instant issued=instant performer
 value[x]=Quantity|CodeableConcept|string|boolean|integer|Range|Ratio|SampledData|time|dateTime|Period
 dataAbsentReason interpretation note bodySite method specimen device referenceRange=BackboneElement hasMember
 derivedFrom component
Observation.referenceRange: low high type appliesTo age text=string
Observation.component: code
 value[x]=Quantity|CodeableConcept|string|boolean|integer|Range|Ratio|SampledData|time|dateTime|Period
 dataAbsentReason interpretation referenceRange=#Observation.referenceRange
ObservationDefinition<DomainResource: publisher=Reference category code identifier permittedDataType
 multipleResultsAllowed method preferredReportName quantitativeDetails qualifiedInterval validCodedValueSet
 normalCodedValueSet abnormalCodedValueSet criticalCodedValueSet
ObservationDefinition.quantitativeDetails: customaryUnit unit=CodeableConcept conversionFactor decimalPrecision
ObservationDefinition.qualifiedInterval: category=code range context=CodeableConcept appliesTo gender age
 gestationalAge condition
OperationDefinition<DomainResource: url version name title status kind experimental date publisher contact
 description=markdown useContext jurisdiction purpose affectsState code=code comment=markdown base resource=code
 system=boolean type=boolean instance=boolean inputProfile outputProfile parameter overload
OperationDefinition.parameter: name=code use min max documentation type=code targetProfile searchType
 binding=BackboneElement referencedFrom part=#OperationDefinition.parameter
OperationDefinition.parameter.binding: strength=code valueSet
OperationDefinition.parameter.referencedFrom: source=string sourceId=string
OperationDefinition.overload: parameterName comment
OperationOutcome<DomainResource: issue
OperationOutcome.issue: severity code=code details=CodeableConcept diagnostics location=string expression
Organization<DomainResource: identifier active type name alias telecom address partOf contact=BackboneElement
 endpoint
Organization.contact: purpose=CodeableConcept name=HumanName telecom address
OrganizationAffiliation<DomainResource: identifier active period organization participatingOrganization network code
 specialty location healthcareService telecom endpoint
Parameters<Resource: parameter
Parameters.parameter: name value[x] resource=Resource part=#Parameters.parameter
Patient<DomainResource: identifier active name=HumanName telecom gender birthDate deceased[x]=boolean|dateTime
 address maritalStatus multipleBirth[x] photo contact=BackboneElement communication=BackboneElement
 generalPractitioner managingOrganization link
Patient.contact: relationship name=HumanName telecom address gender organization period
Patient.communication: language=CodeableConcept preferred
Patient.link: other=Reference type=code
PaymentNotice<DomainResource: identifier status request response=Reference created provider payment=Reference
 paymentDate payee=Reference recipient amount paymentStatus
PaymentReconciliation<DomainResource: identifier status period created paymentIssuer request requestor outcome
 disposition paymentDate paymentAmount paymentIdentifier detail formCode processNote
PaymentReconciliation.detail: identifier predecessor type request submitter response=Reference date=date responsible
 payee=Reference amount
PaymentReconciliation.processNote: type=code text=string
Person<DomainResource: identifier name=HumanName telecom gender birthDate address photo managingOrganization active
 link
Person.link: target=Reference assurance
PlanDefinition<DomainResource: url identifier version name title subtitle type status experimental subject[x] date
 publisher contact description=markdown useContext jurisdiction purpose usage copyright approvalDate lastReviewDate
 effectivePeriod topic author=ContactDetail editor reviewer endorser relatedArtifact library goal=BackboneElement
 action
PlanDefinition.goal: category description=CodeableConcept priority=CodeableConcept start=CodeableConcept
 addresses=CodeableConcept documentation=RelatedArtifact target
PlanDefinition.goal.target: measure detail[x]=Quantity|Range|CodeableConcept due
PlanDefinition.action: prefix title description textEquivalent priority code reason documentation=RelatedArtifact
 goalId subject[x] trigger condition=BackboneElement input=DataRequirement output relatedAction
 timing[x]=dateTime|Age|Period|Duration|Range|Timing participant type groupingBehavior selectionBehavior
 requiredBehavior precheckBehavior cardinalityBehavior definition[x] transform dynamicValue
 action=#PlanDefinition.action
PlanDefinition.action.condition: kind expression=Expression
PlanDefinition.action.relatedAction: actionId relationship=code offset[x]
PlanDefinition.action.participant: type=code role
PlanDefinition.action.dynamicValue: path expression=Expression
Practitioner<DomainResource: identifier active name=HumanName telecom address gender birthDate photo
 qualification=BackboneElement communication
Practitioner.qualification: identifier code period issuer=Reference
PractitionerRole<DomainResource: identifier active period practitioner organization code specialty location
 healthcareService telecom availableTime notAvailable availabilityExceptions endpoint
PractitionerRole.availableTime: daysOfWeek allDay availableStartTime availableEndTime
PractitionerRole.notAvailable: description during
Procedure<DomainResource: identifier instantiatesCanonical instantiatesUri basedOn partOf status statusReason
 category code subject encounter performed[x] recorder asserter performer=BackboneElement location reasonCode
 reasonReference bodySite outcome=CodeableConcept report complication complicationDetail followUp note focalDevice
 usedReference usedCode
Procedure.performer: function actor onBehalfOf
Procedure.focalDevice: action=CodeableConcept manipulated
Provenance<DomainResource: target=Reference occurred[x] recorded policy location reason activity=CodeableConcept
 agent entity signature
Provenance.agent: type role who onBehalfOf
Provenance.entity: role=code what agent=#Provenance.agent
Questionnaire<DomainResource: url identifier version name title derivedFrom=canonical status experimental
 subjectType date publisher contact description=markdown useContext jurisdiction purpose copyright approvalDate
 lastReviewDate effectivePeriod code=Coding item
Questionnaire.item: linkId definition=uri code=Coding prefix text=string type=code enableWhen enableBehavior
 required repeats readOnly maxLength answerValueSet answerOption initial item=#Questionnaire.item
Questionnaire.item.enableWhen: question operator answer[x]
Questionnaire.item.answerOption: value[x]=integer|date|time|string|Coding|Reference initialSelected
Questionnaire.item.initial:
 value[x]=boolean|decimal|integer|date|dateTime|time|string|uri|Attachment|Coding|Quantity|Reference
QuestionnaireResponse<DomainResource: identifier basedOn partOf questionnaire status subject encounter authored
 author source item
QuestionnaireResponse.item: linkId definition=uri text=string answer item=#QuestionnaireResponse.item
QuestionnaireResponse.item.answer:
 value[x]=boolean|decimal|integer|date|dateTime|time|string|uri|Attachment|Coding|Quantity|Reference
 item=#QuestionnaireResponse.item
RelatedPerson<DomainResource: identifier active patient relationship name=HumanName telecom gender birthDate address
 photo period communication=BackboneElement
RelatedPerson.communication: language=CodeableConcept preferred
RequestGroup<DomainResource: identifier instantiatesCanonical instantiatesUri basedOn replaces groupIdentifier
 status intent priority code subject encounter authoredOn author reasonCode reasonReference note action
RequestGroup.action: prefix title description textEquivalent priority code documentation=RelatedArtifact
 condition=BackboneElement relatedAction timing[x]=dateTime|Age|Period|Duration|Range|Timing participant=Reference
 type groupingBehavior selectionBehavior requiredBehavior precheckBehavior cardinalityBehavior resource=Reference
 action=#RequestGroup.action
RequestGroup.action.condition: kind expression=Expression
RequestGroup.action.relatedAction: actionId relationship=code offset[x]
ResearchDefinition<DomainResource: url identifier version name title shortTitle subtitle status experimental
 subject[x] date publisher contact description=markdown comment useContext jurisdiction purpose usage copyright
 approvalDate lastReviewDate effectivePeriod topic author=ContactDetail editor reviewer endorser relatedArtifact
 library population exposure exposureAlternative outcome=Reference
ResearchElementDefinition<DomainResource: url identifier version name title shortTitle subtitle status experimental
 subject[x] date publisher contact description=markdown comment useContext jurisdiction purpose usage copyright
 approvalDate lastReviewDate effectivePeriod topic author=ContactDetail editor reviewer endorser relatedArtifact
 library type=code variableType characteristic
ResearchElementDefinition.characteristic: definition[x]=CodeableConcept|canonical|Expression|DataRequirement
 usageContext exclude unitOfMeasure studyEffectiveDescription studyEffective[x] studyEffectiveTimeFromStart
 studyEffectiveGroupMeasure participantEffectiveDescription participantEffective[x]
 participantEffectiveTimeFromStart participantEffectiveGroupMeasure
ResearchStudy<DomainResource: identifier name title label=BackboneElement protocol=Reference partOf status
 primaryPurposeType phase studyDesign category focus=CodeableConcept condition=CodeableConcept contact
 relatedArtifact keyword location=CodeableConcept region descriptionSummary description=markdown enrollment period
 sponsor principalInvestigator site=Reference reasonStopped note arm classifier associatedParty progressStatus
 whyStopped recruitment comparisonGroup objective outcomeMeasure result
ResearchStudy.label: type value
ResearchStudy.arm: name type description
ResearchStudy.associatedParty: name role period classifier party
ResearchStudy.progressStatus: state=CodeableConcept actual period
ResearchStudy.recruitment: targetNumber actualNumber eligibility=Reference actualGroup
ResearchStudy.comparisonGroup: linkId=id name type description=markdown intendedExposure observedGroup
ResearchStudy.objective: name type description=markdown
ResearchStudy.outcomeMeasure: name type description=markdown reference
ResearchSubject<DomainResource: identifier status period study individual assignedArm actualArm consent
RiskAssessment<DomainResource: identifier basedOn parent status method code subject encounter
 occurrence[x]=dateTime|Period condition=Reference performer reasonCode reasonReference basis=Reference prediction
 mitigation=string note
RiskAssessment.prediction: outcome=CodeableConcept probability[x] qualitativeRisk relativeRisk when[x]
 rationale=string
RiskEvidenceSynthesis<DomainResource: url identifier version name title status date publisher contact
 description=markdown note useContext jurisdiction copyright approvalDate lastReviewDate effectivePeriod topic
 author=ContactDetail editor reviewer endorser relatedArtifact synthesisType studyType population exposure
 outcome=Reference sampleSize riskEstimate certainty
RiskEvidenceSynthesis.sampleSize: description numberOfStudies numberOfParticipants
RiskEvidenceSynthesis.riskEstimate: description type value=decimal unitOfMeasure denominatorCount numeratorCount
 precisionEstimate
RiskEvidenceSynthesis.riskEstimate.precisionEstimate: type level from to
RiskEvidenceSynthesis.certainty: rating note certaintySubcomponent
RiskEvidenceSynthesis.certainty.certaintySubcomponent: type rating note
Schedule<DomainResource: identifier active serviceCategory serviceType specialty actor planningHorizon comment
SearchParameter<DomainResource: url version name derivedFrom=canonical status experimental date publisher contact
 description=markdown useContext jurisdiction purpose code=code base=code type=code expression xpath xpathUsage
 target=code multipleOr multipleAnd comparator modifier=code chain component
SearchParameter.component: definition expression
ServiceRequest<DomainResource: identifier instantiatesCanonical instantiatesUri basedOn replaces requisition status
 intent category priority doNotPerform code orderDetail quantity[x] subject encounter occurrence[x] asNeeded[x]
 authoredOn requester performerType performer locationCode locationReference reasonCode reasonReference
 insurance=Reference supportingInfo specimen bodySite note patientInstruction relevantHistory
Slot<DomainResource: identifier serviceCategory serviceType specialty appointmentType schedule=Reference status
 start=instant end overbooked comment
Specimen<DomainResource: identifier accessionIdentifier status type subject receivedTime parent request collection
 processing container condition=CodeableConcept note
Specimen.collection: collector collected[x] duration=Duration quantity method bodySite fastingStatus[x]
Specimen.processing: description procedure=CodeableConcept additive time[x]
Specimen.container: identifier description type capacity specimenQuantity additive[x]
SpecimenDefinition<DomainResource: identifier typeCollected patientPreparation timeAspect collection=CodeableConcept
 typeTested
SpecimenDefinition.typeTested: isDerived type preference container requirement retentionTime rejectionCriterion
 handling
SpecimenDefinition.typeTested.container: material type cap description capacity minimumVolume[x]
 additive=BackboneElement preparation
SpecimenDefinition.typeTested.container.additive: additive[x]
SpecimenDefinition.typeTested.handling: temperatureQualifier temperatureRange maxDuration instruction
StructureDefinition<DomainResource: url identifier version name title status experimental date publisher contact
 description=markdown useContext jurisdiction purpose copyright keyword=Coding fhirVersion mapping=BackboneElement
 kind abstract context=BackboneElement contextInvariant type=uri baseDefinition derivation snapshot differential
StructureDefinition.mapping: identity uri name comment
StructureDefinition.context: type=code expression
StructureDefinition.snapshot: element
StructureDefinition.differential: element
StructureMap<DomainResource: url identifier version name title status experimental date publisher contact
 description=markdown useContext jurisdiction purpose copyright structure import group
StructureMap.structure: url=canonical mode alias documentation
StructureMap.group: name=id extends typeMode documentation input rule
StructureMap.group.input: name=id type=string mode documentation
StructureMap.group.rule: name=id source=BackboneElement target rule=#StructureMap.group.rule
 dependent=BackboneElement documentation
StructureMap.group.rule.source: context=id min max type=string defaultValue[x] element=string listMode variable
 condition check logMessage
StructureMap.group.rule.target: context=id contextType element=string variable listMode listRuleId transform=code
 parameter
StructureMap.group.rule.target.parameter: value[x]=id|string|boolean|integer|decimal
StructureMap.group.rule.dependent: name=id variable=string
Subscription<DomainResource: status contact=ContactPoint end reason=string criteria=string error=string channel
Subscription.channel: type=code endpoint=url payload=code header
SubscriptionStatus<DomainResource: id=id status type=code eventsSinceSubscriptionStart notificationEvent
 subscription topic=canonical error=CodeableConcept
SubscriptionStatus.notificationEvent: eventNumber timestamp focus additionalContext
Substance<DomainResource: identifier status category code description instance ingredient
Substance.instance: identifier expiry quantity
Substance.ingredient: quantity=Ratio substance[x]
SubstanceNucleicAcid<DomainResource: sequenceType numberOfSubunits areaOfHybridisation oligoNucleotideType subunit
SubstanceNucleicAcid.subunit: subunit=integer sequence=string length sequenceAttachment fivePrime threePrime linkage
 sugar
SubstanceNucleicAcid.subunit.linkage: connectivity identifier name residueSite
SubstanceNucleicAcid.subunit.sugar: identifier name residueSite
SubstancePolymer<DomainResource: class=CodeableConcept geometry copolymerConnectivity modification monomerSet
 repeat=BackboneElement
SubstancePolymer.monomerSet: ratioType startingMaterial
SubstancePolymer.monomerSet.startingMaterial: material type isDefining amount=SubstanceAmount
SubstancePolymer.repeat: numberOfUnits averageMolecularFormula repeatUnitAmountType repeatUnit
SubstancePolymer.repeat.repeatUnit: orientationOfPolymerisation repeatUnit=string amount=SubstanceAmount
 degreeOfPolymerisation structuralRepresentation
SubstancePolymer.repeat.repeatUnit.degreeOfPolymerisation: degree amount=SubstanceAmount
SubstancePolymer.repeat.repeatUnit.structuralRepresentation: type representation attachment
SubstanceProtein<DomainResource: sequenceType numberOfSubunits disulfideLinkage subunit
SubstanceProtein.subunit: subunit=integer sequence=string length sequenceAttachment nTerminalModificationId
 nTerminalModification cTerminalModificationId cTerminalModification
SubstanceReferenceInformation<DomainResource: comment gene geneElement classification=BackboneElement target
SubstanceReferenceInformation.gene: geneSequenceOrigin gene=CodeableConcept source
SubstanceReferenceInformation.geneElement: type element=Identifier source
SubstanceReferenceInformation.classification: domain classification subtype source
SubstanceReferenceInformation.target: target=Identifier type interaction=CodeableConcept organism organismType
 amount[x] amountType source
SubstanceSourceMaterial<DomainResource: sourceMaterialClass sourceMaterialType sourceMaterialState organismId
 organismName parentSubstanceId parentSubstanceName countryOfOrigin geographicalLocation developmentStage
 fractionDescription organism=BackboneElement partDescription
SubstanceSourceMaterial.fractionDescription: fraction materialType
SubstanceSourceMaterial.organism: family=CodeableConcept genus species intraspecificType intraspecificDescription
 author=BackboneElement hybrid organismGeneral
SubstanceSourceMaterial.organism.author: authorType authorDescription
SubstanceSourceMaterial.organism.hybrid: maternalOrganismId maternalOrganismName paternalOrganismId
 paternalOrganismName hybridType
SubstanceSourceMaterial.organism.organismGeneral: kingdom phylum class=CodeableConcept order=CodeableConcept
SubstanceSourceMaterial.partDescription: part=CodeableConcept partLocation
SubstanceSpecification<DomainResource: identifier type status=CodeableConcept domain description source comment
 moiety property referenceInformation structure code=BackboneElement name=BackboneElement molecularWeight
 relationship=BackboneElement nucleicAcid polymer protein sourceMaterial
SubstanceSpecification.moiety: role identifier name stereochemistry opticalActivity molecularFormula
 amount[x]=Quantity|string
SubstanceSpecification.property: category code parameters definingSubstance[x] amount[x]=Quantity|string
SubstanceSpecification.structure: stereochemistry opticalActivity molecularFormula molecularFormulaByMoiety isotope
 molecularWeight source representation=BackboneElement
SubstanceSpecification.structure.isotope: identifier name=CodeableConcept substitution=CodeableConcept halfLife
 molecularWeight=BackboneElement
SubstanceSpecification.structure.isotope.molecularWeight: method type amount=Quantity
SubstanceSpecification.structure.representation: type representation attachment
SubstanceSpecification.code: code status=CodeableConcept statusDate comment source
SubstanceSpecification.name: name type status=CodeableConcept preferred language=CodeableConcept domain jurisdiction
 synonym=#SubstanceSpecification.name translation official source
SubstanceSpecification.name.official: authority=CodeableConcept status=CodeableConcept date
SubstanceSpecification.relationship: substance[x]=Reference|CodeableConcept relationship isDefining
 amount[x]=Quantity|Range|Ratio|string amountRatioLowLimit amountType source
SupplyDelivery<DomainResource: identifier basedOn partOf status patient type suppliedItem occurrence[x] supplier
 destination receiver
SupplyDelivery.suppliedItem: quantity item[x]
SupplyRequest<DomainResource: identifier status category priority item[x] quantity parameter occurrence[x]
 authoredOn requester supplier reasonCode reasonReference deliverFrom deliverTo
SupplyRequest.parameter: code value[x]=CodeableConcept|Quantity|Range|boolean
Task<DomainResource: identifier instantiatesCanonical instantiatesUri basedOn groupIdentifier partOf status
 statusReason businessStatus intent priority code description focus for encounter executionPeriod authoredOn
 lastModified=dateTime requester performerType owner location reasonCode reasonReference insurance=Reference note
 relevantHistory restriction input output=BackboneElement
Task.restriction: repetitions period recipient
Task.input: type value[x]
Task.output: type value[x]
TerminologyCapabilities<DomainResource: url version name title status experimental date publisher contact
 description=markdown useContext jurisdiction purpose copyright kind software implementation lockedDate codeSystem
 expansion codeSearch validateCode translation=BackboneElement closure
TerminologyCapabilities.software: name version
TerminologyCapabilities.implementation: description url=url
TerminologyCapabilities.codeSystem: uri=canonical version=BackboneElement subsumption
TerminologyCapabilities.codeSystem.version: code=string isDefault compositional language filter property=code
TerminologyCapabilities.codeSystem.version.filter: code=code op
TerminologyCapabilities.expansion: hierarchical paging incomplete parameter textFilter
TerminologyCapabilities.expansion.parameter: name=code documentation
TerminologyCapabilities.validateCode: translations
TerminologyCapabilities.translation: needsMap
TerminologyCapabilities.closure: translation=boolean
TestReport<DomainResource: identifier name status testScript result=code score tester issued participant setup test
 teardown
TestReport.participant: type=code uri display
TestReport.setup: action
TestReport.setup.action: operation assert
TestReport.setup.action.operation: result=code message detail=uri
TestReport.setup.action.assert: result=code message detail=string
TestReport.test: name description action
TestReport.test.action: operation=#TestReport.setup.action.operation assert=#TestReport.setup.action.assert
TestReport.teardown: action
TestReport.teardown.action: operation=#TestReport.setup.action.operation
TestScript<DomainResource: url identifier version name title status experimental date publisher contact
 description=markdown useContext jurisdiction purpose copyright origin=BackboneElement destination=BackboneElement
 metadata fixture profile=Reference variable=BackboneElement setup test teardown
TestScript.origin: index profile=Coding
TestScript.destination: index profile=Coding
TestScript.metadata: link capability
TestScript.metadata.link: url description
TestScript.metadata.capability: required validated description origin destination=integer link=uri capabilities
TestScript.fixture: autocreate autodelete resource=Reference
TestScript.variable: name defaultValue description expression headerField hint path sourceId
TestScript.setup: action
TestScript.setup.action: operation assert
TestScript.setup.action.operation: type=Coding resource=code label description accept contentType
 destination=integer encodeRequestUrl method=code origin params requestHeader requestId responseId sourceId targetId
 url=string
TestScript.setup.action.operation.requestHeader: field value
TestScript.setup.action.assert: label description direction compareToSourceId compareToSourceExpression
 compareToSourcePath contentType expression headerField minimumId navigationLinks operator path requestMethod
 requestURL resource=code response=code responseCode sourceId validateProfileId value warningOnly
TestScript.test: name description action
TestScript.test.action: operation=#TestScript.setup.action.operation assert=#TestScript.setup.action.assert
TestScript.teardown: action
TestScript.teardown.action: operation=#TestScript.setup.action.operation
ValueSet<DomainResource: url identifier version name title status experimental date publisher contact
 description=markdown useContext jurisdiction immutable purpose copyright compose expansion
ValueSet.compose: lockedDate=date inactive include exclude=#ValueSet.compose.include
ValueSet.compose.include: system version concept filter valueSet
ValueSet.compose.include.concept: code=code display designation
ValueSet.compose.include.concept.designation: language use=Coding value
ValueSet.compose.include.filter: property=code op value
ValueSet.expansion: identifier=uri timestamp=dateTime total=integer offset=integer parameter contains
ValueSet.expansion.parameter: name value[x]=string|boolean|integer|decimal|uri|code|dateTime
ValueSet.expansion.contains: system abstract inactive version code=code display
 designation=#ValueSet.compose.include.concept.designation contains=#ValueSet.expansion.contains
VerificationResult<DomainResource: target=Reference targetLocation need status statusDate validationType
 validationProcess frequency=Timing lastPerformed nextScheduled failureAction primarySource=BackboneElement
 attestation validator
VerificationResult.primarySource: who type communicationMethod validationStatus validationDate canPushUpdates
 pushTypeAvailable
VerificationResult.attestation: who onBehalfOf communicationMethod date=date sourceIdentityCertificate
 proxyIdentityCertificate proxySignature sourceSignature
VerificationResult.validator: organization identityCertificate attestationSignature
VisionPrescription<DomainResource: identifier status created patient encounter dateWritten prescriber
 lensSpecification
VisionPrescription.lensSpecification: product=CodeableConcept eye sphere cylinder axis prism add power backCurve
 diameter duration=Quantity color brand note
VisionPrescription.lensSpecification.prism: amount=decimal base=code
MetadataResource<DomainResource: url version name title status experimental date publisher contact
 description=markdown useContext jurisdiction
`;
