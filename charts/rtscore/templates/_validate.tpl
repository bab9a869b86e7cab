{{- /* What the schema can't say, each refusal with its remedy. */}}
{{- define "rtscore.validate" -}}
{{- $values := .Values }}

{{- $external := or $values.ingress.enabled $values.gateway.enabled (ne $values.service.type "ClusterIP") }}
{{- if and $external (not $values.apiKeys.enabled) (not $values.allowAnonymous) }}
{{- fail "\n\nThe service would be open to everyone who reaches it. Set apiKeys.enabled=true with apiKeys.existingSecret or apiKeys.keys; or allowAnonymous=true if that is what you want." }}
{{- end }}

{{- if and $values.apiKeys.enabled (not $values.apiKeys.existingSecret) (not $values.apiKeys.keys) }}
{{- fail "\n\napiKeys.enabled=true needs keys: set apiKeys.existingSecret, or apiKeys.keys.CALLER=KEY." }}
{{- end }}
{{- if and $values.apiKeys.keys (not $values.apiKeys.enabled) }}
{{- fail "\n\napiKeys.keys are given but not asked for: set apiKeys.enabled=true, or leave them out." }}
{{- end }}
{{- if and $values.apiKeys.existingSecret $values.apiKeys.keys }}
{{- fail "\n\nSet apiKeys.existingSecret or apiKeys.keys, not both: keys would go nowhere." }}
{{- end }}

{{- $decided := list "RTSCORE_API_KEYS_DIR" }}
{{- range include "rtscore.env" . | fromYamlArray }}
{{- $decided = append $decided .name }}
{{- end }}
{{- range $values.extraEnv }}
{{- if has (upper .name) $decided }}
{{- fail (printf "\n\nextraEnv sets %s, which the chart decides: change the value that it comes from (device, models, settings, apiKeys ...)." .name) }}
{{- end }}
{{- end }}

{{- if not (or $values.models.faq.enabled $values.models.image.enabled) }}
{{- fail "\n\nBoth models are off: set models.faq.enabled=true or models.image.enabled=true." }}
{{- end }}
{{- range $name, $model := $values.models }}
{{- include "rtscore.validateModel" (dict "name" (printf "models.%s" $name) "model" $model) }}
{{- end }}

{{- with $values.autoscaling }}
{{- if and .enabled (eq .type "keda") (not .keda.prometheusAddress) }}
{{- fail "\n\nautoscaling.type=keda needs autoscaling.keda.prometheusAddress, such as http://prometheus-operated.monitoring:9090." }}
{{- end }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
{{- fail (printf "\n\nautoscaling.minReplicas=%v is more than autoscaling.maxReplicas=%v." .minReplicas .maxReplicas) }}
{{- end }}
{{- end }}

{{- with $values.ingress }}
{{- if and .enabled (not .host) }}
{{- fail "\n\ningress.enabled=true needs ingress.host, such as scoring.example.com." }}
{{- end }}
{{- if and .enabled .tls.enabled .redirect (not (include "rtscore.redirectBy" $)) }}
{{- fail (printf "\n\nThe chart does not know how the ingress class '%s' redirects HTTP to HTTPS. Set ingress.className to traefik, nginx, webapprouting.kubernetes.azure.com or azure-application-gateway; or ingress.redirect=false, and your controller's own annotation under ingress.annotations." .className) }}
{{- end }}
{{- end }}

{{- with $values.gateway }}
{{- if and .enabled (not .parentRefs) }}
{{- fail "\n\ngateway.enabled=true needs gateway.parentRefs, such as [{name: web, namespace: gateways}]." }}
{{- end }}
{{- if and .enabled .redirect }}
{{- range .parentRefs }}
{{- if or (not .sectionName) (eq .sectionName $values.gateway.httpSectionName) }}
{{- fail (printf "\n\ngateway.redirect=true: the item '%s' of gateway.parentRefs needs the sectionName of its HTTPS listener, or the HTTP listener would serve instead of redirecting." .name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "rtscore.validateModel" -}}
{{- $copies := .model.copyFrom }}
{{- if gt (len (compact (list .model.existingClaim $copies.image $copies.url))) 1 }}
{{- fail (printf "\n\nSet one of %s.existingClaim, .copyFrom.image and .copyFrom.url." .name) }}
{{- end }}
{{- if and (or .model.existingClaim $copies.image) (not .model.path) }}
{{- fail (printf "\n\n%s.path must say where the file lies in the claim or image." .name) }}
{{- end }}
{{- if and $copies.sha256 (not $copies.url) }}
{{- fail (printf "\n\n%s.copyFrom.sha256 is for .copyFrom.url; pin an image by its digest." .name) }}
{{- end }}
{{- end }}
