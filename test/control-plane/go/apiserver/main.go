// kube-apiserver as released, but for one setting: how often it looks at its encryption configuration file.
// ENCRYPTION_CONFIG_POLL holds a Go duration ("1s"); unset leaves the released minute.
package main

import (
	"fmt"
	"os"
	"time"

	"k8s.io/apiserver/pkg/server/options/encryptionconfig/controller"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"

	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

func main() {
	if period := os.Getenv("ENCRYPTION_CONFIG_POLL"); period != "" {
		poll, err := time.ParseDuration(period)
		if err != nil || poll <= 0 {
			fmt.Fprintf(os.Stderr, "ENCRYPTION_CONFIG_POLL: want a positive duration such as 1s, got %q\n", period)
			os.Exit(2)
		}
		controller.EncryptionConfigFileChangePollDuration = poll
	}
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}
